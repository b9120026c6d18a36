package compat

import (
	"encoding/json"
	"strconv"
	"strings"
)

// responses are the changes to answers, the newest first. Each is for clients
// of formats before the one it names.
var responses = []struct {
	before version
	models map[string]downgrade
}{
	{10905, map[string]downgrade{
		"project": flattenProject,
	}},
	{10903, map[string]downgrade{
		"ephemeralKey": ephemeralKey,
	}},
	{10902, map[string]downgrade{
		"membership": drop("userPhone"),
		"project": all(drop("authMembershipsUserId", "authMembershipsUserPhone", "smtpReplyToName"),
			rename("smtpReplyToEmail", "smtpReplyTo")),
		"emailTemplate": all(rename("templateId", "type"), rename("replyToEmail", "replyTo"), drop("replyToName", "custom")),
		"mockNumber":    all(rename("number", "phone"), drop("$createdAt", "$updatedAt")),
	}},
	{10901, map[string]downgrade{
		"project": dropPrefix("protocolStatusFor"),
		"webhook": all(rename("tls", "security"), rename("authUsername", "httpUser"), rename("authPassword", "httpPass"), rename("secret", "signatureKey")),
	}},
	{10900, map[string]downgrade{
		"user":            drop("impersonator", "impersonatorUserId"),
		"account":         drop("impersonator", "impersonatorUserId"),
		"row":             sequenceNumber,
		"document":        sequenceNumber,
		"platform":        platform,
		"platformWeb":     platform,
		"platformApple":   platform,
		"platformAndroid": platform,
		"platformWindows": platform,
		"platformLinux":   platform,
	}},
	{10700, map[string]downgrade{
		"project":  drop("devKeys"),
		"variable": drop("secret"),
	}},
	{10600, map[string]downgrade{
		"project": drop("authMockNumbers", "authSessionAlerts"),
	}},
	{10500, map[string]downgrade{
		"user":       drop("targets", "mfa"),
		"account":    drop("targets", "mfa"),
		"project":    rename("oAuthProviders", "providers"),
		"token":      drop("phrase"),
		"membership": drop("mfa"),
		"session":    drop("factors", "secret"),
		"webhook":    drop("enabled", "logs", "attempts"),
	}},
	{10400, map[string]downgrade{
		"variable": rename("resourceId", "functionId"),
		"project":  func(o object) { o["domains"] = []any{} },
	}},
}

// methodNames are the flat names that the ways to sign in had, by their ids.
var methodNames = map[string]string{
	"email-password": "EmailPassword", "magic-url": "UsersAuthMagicURL", "email-otp": "EmailOtp",
	"anonymous": "Anonymous", "invites": "Invites", "jwt": "JWT", "phone": "Phone",
}

// flattenProject writes the switches of a project as fields of their own. The
// settings that are read elsewhere today are added by the model; see [Legacy].
func flattenProject(o object) {
	flatten(o, "authMethods", "auth", func(id string) string { return methodNames[id] })
	flatten(o, "services", "serviceStatusFor", capital)
	flatten(o, "protocols", "protocolStatusFor", capital)
}

// capital is the name of an id that flat fields end with: "Tablesdb".
func capital(id string) string { return strings.ToUpper(id[:1]) + id[1:] }

func flatten(o object, field, prefix string, name func(id string) string) {
	switches, _ := o[field].([]any)
	delete(o, field)
	for _, s := range switches {
		s, ok := s.(object)
		if !ok {
			continue
		}
		if id, ok := s["$id"].(string); ok && id != "" {
			o[prefix+name(id)] = s["enabled"]
		}
	}
}

func dropPrefix(prefix string) downgrade {
	return func(o object) {
		for name := range o {
			if len(name) > len(prefix) && name[:len(prefix)] == prefix {
				delete(o, name)
			}
		}
	}
}

func ephemeralKey(o object) {
	jwt := o["secret"]
	project := o["projectId"]
	clear(o)
	o["jwt"], o["projectId"] = jwt, project
}

// sequenceNumber makes a number of "$sequence", in the row and in those it holds.
func sequenceNumber(o object) {
	if s, ok := o["$sequence"].(string); ok {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			n = 0
		}
		o["$sequence"] = json.Number(strconv.FormatInt(n, 10))
	}
	for _, v := range o {
		eachObject(v, sequenceNumber)
	}
}

func eachObject(v any, change downgrade) {
	switch v := v.(type) {
	case object:
		if _, row := v["$sequence"]; row {
			change(v)
		}
	case []any:
		for _, item := range v {
			eachObject(item, change)
		}
	}
}

// platform puts the identifier of every kind of platform under one name.
func platform(o object) {
	key, hostname := "", ""
	if h, ok := o["hostname"].(string); ok {
		hostname = h
	}
	for _, name := range []string{"bundleIdentifier", "applicationId", "packageIdentifierName", "packageName", "key"} {
		if k, ok := o[name].(string); ok && key == "" {
			key = k
		}
		delete(o, name)
	}
	o["key"], o["store"], o["hostname"] = key, "", hostname
}
