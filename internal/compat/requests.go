package compat

import (
	"encoding/json"

	"moorfast/internal/api"
	"moorfast/internal/query"
)

// upgrade changes parameters into what they are one format later.
type upgrade func(*api.Values) error

// every stands for all methods. Its change is made before those of a method.
const every = "*"

// requests are the changes to parameters, the newest first. Each is for
// clients of formats before the one it names.
var requests = []struct {
	before  version
	methods map[string]upgrade
}{
	{10905, map[string]upgrade{
		"projects.create": without("description", "logo", "url", "legalName", "legalCountry", "legalState", "legalCity", "legalAddress", "legalTaxId"),
	}},
	{10903, map[string]upgrade{
		"project.createKey": each(defaults("keyId", `"unique()"`), notList("scopes")),
	}},
	{10902, map[string]upgrade{
		"project.updateMembershipPrivacyPolicy": each(defaults("userId", "false"), defaults("userPhone", "false"), moved("mfa", "userMFA")),
		"project.updateSessionAlertPolicy":      moved("alerts", "enabled"),
		"project.updateUserLimitPolicy":         each(moved("limit", "total"), zeroIsNull("total")),
		"project.updateSessionLimitPolicy":      moved("limit", "total"),
		"project.updatePasswordHistoryPolicy":   each(moved("limit", "total"), zeroIsNull("total")),
		"project.updateAuthMethod":              each(moved("status", "enabled"), moved("method", "methodId")),
	}},
	{10901, map[string]upgrade{
		"project.updateService":  each(moved("service", "serviceId"), moved("status", "enabled")),
		"project.updateProtocol": each(moved("api", "protocolId"), moved("status", "enabled"), realtimeIsWebsocket),
		"project.createKey":      nullIsList("scopes"),
		"project.updateKey":      nullIsList("scopes"),
		"webhooks.create":        webhookNames,
		"webhooks.update":        webhookNames,
	}},
	{10900, map[string]upgrade{
		"project.createWebPlatform":     each(defaults("platformId", `"unique()"`), without("store"), blankIsAbsent("key", "hostname")),
		"project.updateWebPlatform":     each(without("store"), blankIsAbsent("key", "hostname")),
		"project.createApplePlatform":   each(defaults("platformId", `"unique()"`), without("store", "hostname"), moved("key", "bundleIdentifier")),
		"project.createAndroidPlatform": each(defaults("platformId", `"unique()"`), without("store", "hostname"), moved("key", "applicationId")),
		"project.createWindowsPlatform": each(defaults("platformId", `"unique()"`), without("store", "hostname"), moved("key", "packageIdentifierName")),
		"project.createLinuxPlatform":   each(defaults("platformId", `"unique()"`), without("store", "hostname"), moved("key", "packageName")),
		"project.listPlatforms":         defaults("queries", `["{\"method\":\"limit\",\"values\":[5000]}"]`),
		"webhooks.create":               defaults("webhookId", `"unique()"`),
		"project.createKey":             defaults("keyId", `"unique()"`),
		every:                           queries(query.FromShorthand),
	}},
	{10800, map[string]upgrade{
		"databases.getDocument":   relationsShown,
		"databases.listDocuments": relationsShown,
	}},
	{10500, map[string]upgrade{every: queries(query.FromLegacy)}},
}

// queries rewrites the text of each query that was sent.
func queries(rewrite func(string) string) upgrade {
	return func(v *api.Values) error {
		raw, ok := v.Find("queries")
		var texts []string
		if !ok || json.Unmarshal(raw, &texts) != nil {
			return nil //nolint:nilerr // the endpoint will say what is wrong
		}
		for i, text := range texts {
			texts[i] = rewrite(text)
		}
		b, err := json.Marshal(texts)
		if err != nil {
			return err
		}
		v.Set("queries", b)
		return nil
	}
}

var webhookNames = each(moved("security", "tls"), moved("httpUser", "authUsername"), moved("httpPass", "authPassword"))

func each(changes ...upgrade) upgrade {
	return func(v *api.Values) error {
		for _, c := range changes {
			if err := c(v); err != nil {
				return err
			}
		}
		return nil
	}
}

// moved takes the value of an older name, unless the newer one was sent.
func moved(from, to string) upgrade {
	return func(v *api.Values) error {
		raw, ok := v.Find(from)
		if !ok {
			return nil
		}
		v.Drop(from)
		if _, taken := v.Find(to); !taken {
			v.Set(to, raw)
		}
		return nil
	}
}

func defaults(name, value string) upgrade {
	return func(v *api.Values) error {
		if _, ok := v.Find(name); !ok {
			v.Set(name, json.RawMessage(value))
		}
		return nil
	}
}

func without(names ...string) upgrade {
	return func(v *api.Values) error {
		for _, n := range names {
			v.Drop(n)
		}
		return nil
	}
}

// blankIsAbsent drops parameters that are empty texts.
func blankIsAbsent(names ...string) upgrade {
	return func(v *api.Values) error {
		for _, n := range names {
			if raw, ok := v.Find(n); ok && string(raw) == `""` {
				v.Drop(n)
			}
		}
		return nil
	}
}

// replaced gives a parameter another value where its value is one of old.
func replaced(name, with string, old func(json.RawMessage) bool) upgrade {
	return func(v *api.Values) error {
		if raw, ok := v.Find(name); ok && old(raw) {
			v.Set(name, json.RawMessage(with))
		}
		return nil
	}
}

func notList(name string) upgrade {
	return replaced(name, "[]", func(raw json.RawMessage) bool { return raw[0] != '[' })
}

func nullIsList(name string) upgrade {
	return replaced(name, "[]", func(raw json.RawMessage) bool { return string(raw) == "null" })
}

func zeroIsNull(name string) upgrade {
	return replaced(name, "null", func(raw json.RawMessage) bool { return string(raw) == "0" })
}

var realtimeIsWebsocket = replaced("protocolId", `"websocket"`, func(raw json.RawMessage) bool { return string(raw) == `"realtime"` })
