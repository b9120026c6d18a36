package config

import (
	"math"
	"net/netip"
	"time"

	"moorfast/internal/rootkey"

	"moorfast/internal/clientaddr"
	"moorfast/internal/core/access"
)

// Why settings do nothing yet.
const (
	noMail         = "mail is not sent yet"
	noMessages     = "text messages are not sent yet"
	noOAuth        = "nobody signs in with another service yet"
	noFunctions    = "functions and sites do not run yet"
	noRepositories = "repositories are not connected yet"
)

// settings is the table of all there is to set, over the fields of c.
func (c *Config) settings() []setting {
	return append(c.program(), c.services()...)
}

// program is the settings of the program itself and of its door.
func (c *Config) program() []setting {
	return []setting{
		{
			key: "data", flag: true, start: "./data", doc: "directory of everything that is kept",
			kind: text(&c.Data, nonEmpty),
		},
		{
			key: "listen", flag: true, start: "127.0.0.1:8080", doc: "address and port to serve on",
			kind: text(&c.Listen, hostPort),
		},
		{
			key: "key", flag: true, source: true, app: []string{"_APP_OPENSSL_KEY_V1"},
			doc:  "where the root key is: " + rootkey.Forms + "; unset, one is made in the data directory",
			kind: text(&c.database.key, keySource),
		},
		{
			key: "key_previous", doc: "where the root key of before is, so that a start with a new one in key makes that the root key",
			kind: text(&c.database.keyPrevious, keySource),
		},
		{
			key: "key_max_age", start: "365d", doc: "how old a data key gets before a server changes it, from 1d on; 0 is never",
			kind: zeroOr(24*time.Hour, &c.KeyMaxAge),
		},
		{
			key: "db", doc: "postgres://…; unset is SQLite in the data directory",
			kind: secret(&c.DB),
		},
		{
			key: "db_encryption", start: "disabled",
			doc:  "encrypt the files of SQLite as a whole; a start converts those that are otherwise, which takes as long as a copy",
			kind: toggle(&c.SealedDB),
		},
		{
			key: "database.adapter", app: []string{"_APP_DB_ADAPTER"}, doc: "sqlite, or postgresql with the five settings after it",
			kind: text(&c.database.adapter, adapter),
		},
		{
			key: "database.host", app: []string{"_APP_DB_HOST"}, start: "postgresql", doc: "server of database.adapter",
			kind: text(&c.database.host, nil),
		},
		{
			key: "database.port", app: []string{"_APP_DB_PORT"}, start: "5432", doc: "its port",
			kind: number(&c.database.port, 1, math.MaxUint16),
		},
		{
			key: "database.name", app: []string{"_APP_DB_SCHEMA"}, start: "appwrite", doc: "its database",
			kind: text(&c.database.name, nil),
		},
		{
			key: "database.user", app: []string{"_APP_DB_USER"}, start: "user", doc: "user there",
			kind: text(&c.database.user, nil),
		},
		{
			key: "database.password", app: []string{"_APP_DB_PASS"}, doc: "password there",
			kind: secret(&c.database.password),
		},
		{
			key: "profile", start: Standard, doc: "standard, or hardened where compatibility gives way to safety",
			kind: choice(&c.Profile, Standard, Hardened),
		},
		{
			key: "insecure_dev", flag: true, start: "false", doc: "accept a published example key, on loopback only",
			kind: boolean(&c.InsecureDev),
		},
		{
			key: "env", app: []string{"_APP_ENV"}, start: "production", doc: "production, or development for errors with file, line and trace",
			later: "errors do not carry file, line and trace yet",
			kind:  words(&c.Development, "development", "production"),
		},
		{
			key: "log.level", start: "info", doc: "debug, info, warn or error",
			kind: parsed(&c.Log.Level, logLevel),
		},
		{
			key: "log.format", app: []string{"_APP_LOGGING_FORMAT"}, start: "auto", doc: "json, text, or auto: text on a terminal",
			kind: parsed(&c.Log.Format, logFormat),
		},
		{
			key: "log.slow", start: "1s", doc: "lists of rows that take longer are logged, by their queries without the values; 0 logs none",
			kind: duration(&c.Log.Slow, 0),
		},

		{
			key: "metrics.listen", doc: "host and port where Prometheus collects /metrics; beyond loopback it needs a token",
			kind: text(&c.Metrics.Listen, hostPort),
		},
		{
			key: "metrics.token", doc: "what a collector shows as its bearer token",
			kind: secret(&c.Metrics.Token),
		},
		{
			key: "events.webhook", doc: "an address that security events are posted to, signed with events.webhook_secret",
			kind: text(&c.Events.Webhook, optional(webAddress)),
		},
		{
			key: "events.webhook_secret", doc: "what signs events.webhook: 32 characters or more",
			kind: secret(&c.Events.Secret),
		},

		{
			key: "trusted_proxies", start: "loopback", doc: "networks whose forwarding headers are believed, or none",
			kind: parsed(&c.Network.TrustedProxies, clientaddr.Trusted),
		},
		{
			key: "trusted_headers", app: []string{"_APP_TRUSTED_HEADERS"}, start: "x-forwarded-for",
			doc:  "headers in which they name the client; add x-forwarded-host to believe that too",
			kind: list(&c.Network.TrustedHeaders, token),
		},
		{
			key: "outbound.allow", doc: "networks that may be fetched from although they are not the public internet: 10.1.0.0/16",
			kind: networks(&c.Network.OutboundAllow),
		},
		{
			key: "tls", start: TLSOff, doc: "where certificates come from: off, auto (by ACME, whose terms are agreed to), file, or local (an authority of this installation's own)",
			kind: choice(&c.Network.TLS.Mode, TLSOff, TLSAuto, TLSFile, TLSLocal),
		},
		{
			key: "listen_http", doc: "address and port of plain HTTP beside TLS: for redirects, and proofs to a certificate authority; unset is none",
			kind: text(&c.Network.TLS.ListenHTTP, optional(hostPort)),
		},
		{
			key: "admin.listen", doc: "address and port that alone serve the console, and whatever else; elsewhere its routes are not there; unset is where everything is",
			kind: text(&c.Admin.Listen, optional(hostPort)),
		},
		{
			key: "admin.client_ca", doc: "file of certificates: whoever connects to admin.listen has to show one that these have signed",
			kind: text(&c.Admin.ClientCA, nil),
		},
		{
			key: "tls_names", doc: "names to have certificates for; unset are the domains of the API and the console, and console.hostnames",
			kind: list(&c.Network.TLS.Names, hostname),
		},
		{
			key: "tls_cert", doc: "file of the certificate and its chain, for tls=file; it is read again when it changes",
			kind: text(&c.Network.TLS.Cert, nil),
		},
		{
			key: "tls_key", doc: "file of its key",
			kind: text(&c.Network.TLS.Key, nil),
		},
		{
			key: "tls_acme", start: "https://acme-v02.api.letsencrypt.org/directory", doc: "directory of the ACME authority, for tls=auto",
			kind: text(&c.Network.TLS.ACME, httpsAddress),
		},
		{
			key: "tls_acme_roots", doc: "file of the certificates to trust when it is asked; unset are those of the system",
			kind: text(&c.Network.TLS.Roots, nil),
		},
		{
			key: "tls_acme_dns_hook", doc: "a program that writes records of name servers, for an authority that cannot reach this server: an absolute path and arguments, without a shell; present or cleanup, a name and a value are added",
			kind: text(&c.Network.TLS.Hook, optional(command)),
		},
		{
			key: "tls_email", app: []string{"_APP_EMAIL_CERTIFICATES", "_APP_SYSTEM_SECURITY_EMAIL_ADDRESS"}, doc: "address that it writes to about certificates",
			kind: text(&c.Network.TLS.Email, oneLine),
		},
		{
			key: "force_https", app: []string{"_APP_OPTIONS_FORCE_HTTPS"}, start: "disabled", doc: "answer plain HTTP with a redirect",
			kind: toggle(&c.Network.ForceHTTPS),
		},
		{
			key: "router_protection", app: []string{"_APP_OPTIONS_ROUTER_PROTECTION"},
			doc:  "answer to the names of this installation alone, and to addresses and localhost; unset, it is enabled once domain.name is a public name, or the profile is hardened",
			kind: toggle(&c.Network.KnownHosts),
		},

		{
			key: "console.whitelist_root", app: []string{"_APP_CONSOLE_WHITELIST_ROOT"}, start: "enabled",
			doc:  "only the first account may sign up; others are invited",
			kind: toggle(&c.Console.Access.RootOnly),
		},
		{
			key: "console.whitelist_emails", app: []string{"_APP_CONSOLE_WHITELIST_EMAILS"},
			doc:  "addresses, *@domain, and !entry to deny",
			kind: parsed(&c.Console.Access.Emails, access.ParseEmails),
		},
		{
			key: "console.whitelist_ips", app: []string{"_APP_CONSOLE_WHITELIST_IPS"},
			doc:  "addresses, networks, private, loopback, and !entry to deny",
			kind: parsed(&c.Console.Access.Addrs, access.ParseAddrs),
		},
		{
			key: "console.countries_denylist", app: []string{"_APP_CONSOLE_COUNTRIES_DENYLIST"},
			doc:  "codes of countries from where nobody comes in, such as KP,RU; needs geo.database, and lets in who is from no known country",
			kind: parsed(&c.Console.Access.Countries, access.ParseCountries),
		},
		{
			key: "console.enforce", start: "all", doc: "what the lists reach: signup, auth or all",
			kind: parsed(&c.Console.Access.Enforce, access.ParseEnforce),
		},
		{
			key: "console.invites_bypass_list", start: "false", doc: "invited people need not be on the e-mail list",
			kind: boolean(&c.Console.Access.InvitesBypassList),
		},
		{
			key: "setup_token", doc: "required: the first account of the console shows a token that is printed at the start; off is the default, and required in the profile hardened",
			kind: words(&c.Console.Access.Setup, "required", "off"),
		},
		{
			key: "console.mfa", doc: "who shows a second factor at the console: off, owners or all; off is the default, and owners in the profile hardened",
			kind: parsed(&c.Console.Access.MFA, access.ParseMFA),
		},
		{
			key: "console.mfa_grace", start: "0", doc: "how old an account gets before console.mfa holds for it, if it has no second factor yet: 24h; 0 is that it holds at once",
			kind: duration(&c.Console.Access.MFAGrace, 0),
		},
		{
			key: "enumeration", doc: "hide: recovery answers alike whether there is such an address or not; compat, for projects, is the default, and hide in the profile hardened",
			kind: words(&c.Console.HideUnknown, "hide", "compat"),
		},
		{
			key: "console.invites", app: []string{"_APP_CONSOLE_INVITES"}, start: "enabled", doc: "owners may invite",
			kind: toggle(&c.Console.Invites),
		},
		{
			key: "console.session_alerts", app: []string{"_APP_CONSOLE_SESSION_ALERTS"}, start: "disabled", doc: "mail at a sign-in from a new device",
			later: noMail,
			kind:  toggle(&c.Console.SessionAlerts),
		},
		{
			key: "console.session_lifetime", start: "365d", doc: "longest life of a console session; 30d in the profile hardened",
			kind: duration(&c.Console.SessionLifetime, time.Minute),
		},
		{
			key: "console.session_idle", start: "30d", doc: "longest time a console session stays unused; 0 is any; 12h in the profile hardened",
			kind: duration(&c.Console.SessionIdle, 0),
		},
		{
			key: "console.root_session", app: []string{"_APP_CONSOLE_ROOT_SESSION"}, start: "disabled", doc: "console cookies hold for the registrable domain",
			later: "console cookies hold for the host that set them",
			kind:  toggle(&c.Console.RootSession),
		},
		{
			key: "console.hostnames", app: []string{"_APP_CONSOLE_HOSTNAMES"}, doc: "more hosts the console is served from",
			kind: list(&c.Console.Hostnames, hostname),
		},
		{
			key: "console.schemes", app: []string{"_APP_CONSOLE_SCHEMA"}, doc: "URL schemes of applications that may call every project",
			kind: list(&c.Console.Schemes, token),
		},
		{
			key: "console.url_scheme", app: []string{"_APP_CONSOLE_URL_SCHEME"}, start: "legacy", doc: "legacy for links to /console/…, root for links to /…",
			later: noMail,
			kind:  words(&c.Console.RootURLs, "root", "legacy"),
		},
		{
			key: "console.github_app_id", app: []string{"_APP_CONSOLE_GITHUB_APP_ID"}, doc: "OAuth application that signs people in with GitHub",
			later: noOAuth,
			kind:  text(&c.Console.GitHubAppID, nil),
		},
		{
			key: "console.github_secret", app: []string{"_APP_CONSOLE_GITHUB_SECRET"}, doc: "its secret",
			later: noOAuth,
			kind:  secret(&c.Console.GitHubSecret),
		},
	}
}

// services is the settings of what is served.
func (c *Config) services() []setting {
	rows := []setting{
		{
			key: "domain.name", app: []string{"_APP_DOMAIN"}, start: "localhost", doc: "host name of the API",
			kind: text(&c.Domain.Name, hostname),
		},
		{
			key: "domain.console", app: []string{"_APP_CONSOLE_DOMAIN"}, doc: "host name of the console; unset is that of the API",
			kind: text(&c.Domain.Console, optional(hostname)),
		},
		{
			key: "domain.migration", app: []string{"_APP_MIGRATION_HOST"}, doc: "host name that migrations call",
			kind: text(&c.Domain.Migration, optional(hostname)),
		},
		{
			key: "domain.functions", app: []string{"_APP_DOMAIN_FUNCTIONS"}, start: "functions.localhost", doc: "domains below which functions are",
			kind: list(&c.Domain.Functions, hostname),
		},
		{
			key: "domain.sites", app: []string{"_APP_DOMAIN_SITES"}, start: "sites.localhost", doc: "domains below which sites are",
			kind: list(&c.Domain.Sites, hostname),
		},
		{
			key: "domain.target_cname", app: []string{"_APP_DOMAIN_TARGET_CNAME", "_APP_DOMAIN_TARGET"}, start: "localhost", doc: "what a custom domain's CNAME record says",
			kind: text(&c.Domain.CNAME, optional(hostname)),
		},
		{
			key: "domain.target_a", app: []string{"_APP_DOMAIN_TARGET_A"}, start: "127.0.0.1", doc: "what its A record says",
			kind: addresses(&c.Domain.A, netip.Addr.Is4, "IPv4"),
		},
		{
			key: "domain.target_aaaa", app: []string{"_APP_DOMAIN_TARGET_AAAA"}, start: "::1", doc: "what its AAAA record says",
			kind: addresses(&c.Domain.AAAA, netip.Addr.Is6, "IPv6"),
		},
		{
			key: "domain.target_caa", app: []string{"_APP_DOMAIN_TARGET_CAA"}, doc: "what its CAA record has to allow",
			kind: text(&c.Domain.CAA, nil),
		},
		{
			key: "domain.nameservers", app: []string{"_APP_DOMAINS_NAMESERVERS"}, doc: "name servers the console shows",
			kind: text(&c.Domain.Nameservers, nil),
		},

		{
			key: "abuse", app: []string{"_APP_OPTIONS_ABUSE"}, start: "enabled", doc: "rate limits of the API",
			kind: toggle(&c.Abuse),
		},
		{
			key: "password.passes", start: "2", doc: "passes of Argon2id over 19 MiB for a new password hash; a check is to take 20 to 250 ms (doctor AUT-05), and old hashes are made anew at a sign-in",
			kind: number(&c.PasswordPasses, 2, 50),
		},
		{
			key: "api_key_reveal", start: RevealOff, doc: "compat keeps a sealed copy of the secrets of API keys, and shows it to owners who have just signed in; off shows each once",
			kind: choice(&c.KeyReveal, RevealOff, RevealCompat),
		},
		{
			key: "blind_index", start: "false", doc: "an index may have an encrypted column, which queries can then ask to be equal; its hashes show in the database which rows have equal values",
			kind: flag(&c.BlindIndex),
		},
		{
			key: "dangerous_no_brute_force", start: "false", doc: "do not slow down who guesses passwords and codes, which abuse=disabled does not switch off",
			kind: flag(&c.Unguarded),
		},
		{
			key: "compression.enabled", app: []string{"_APP_COMPRESSION_ENABLED"}, start: "enabled", doc: "compress answers",
			kind: toggle(&c.Compression.Enabled),
		},
		{
			key: "compression.min_size", app: []string{"_APP_COMPRESSION_MIN_SIZE_BYTES"}, start: "1024", doc: "bytes from which on",
			kind: number(&c.Compression.MinSize, 1, math.MaxInt64),
		},
		{
			key: "locale", app: []string{"_APP_LOCALE"}, start: "en", doc: "language where a client asks for none",
			kind: text(&c.Locale, language),
		},
		{
			key: "response_format", app: []string{"_APP_SYSTEM_RESPONSE_FORMAT"}, doc: "Appwrite version whose answers to give; unset is the newest",
			kind: text(&c.ResponseFormat, optional(version)),
		},
		{
			key: "browser.host", app: []string{"_APP_BROWSER_HOST"}, doc: "address of the browser service that takes screenshots, such as http://appwrite-browser:3000/v1; unset is none",
			kind: text(&c.BrowserHost, optional(webAddress)),
		},
		{
			key: "geo.database", doc: "file of countries by address (.mmdb); unset, every address is of an unknown country",
			kind: text(&c.GeoDatabase, nil),
		},
		{
			key: "usage_stats", app: []string{"_APP_USAGE_STATS"}, start: "enabled", doc: "usage statistics",
			kind: toggle(&c.UsageStats),
		},

		{
			key: "compute.size_limit", app: []string{"_APP_COMPUTE_SIZE_LIMIT", "_APP_FUNCTIONS_SIZE_LIMIT"}, start: "30000000", doc: "bytes of the largest deployment",
			kind: number(&c.Compute.SizeLimit, 1, math.MaxInt64),
		},
		{
			key: "compute.build_timeout", app: []string{"_APP_COMPUTE_BUILD_TIMEOUT", "_APP_FUNCTIONS_BUILD_TIMEOUT"}, start: "2700", doc: "longest build",
			kind: duration(&c.Compute.BuildTimeout, time.Second),
		},
		{
			key: "compute.cpus", app: []string{"_APP_COMPUTE_CPUS", "_APP_FUNCTIONS_CPUS"}, start: "0", doc: "most CPUs of a function or site; 0 is any",
			later: noFunctions,
			kind:  fraction(&c.Compute.CPUs),
		},
		{
			key: "compute.memory", app: []string{"_APP_COMPUTE_MEMORY", "_APP_FUNCTIONS_MEMORY"}, start: "0", doc: "most memory of one, in MB; 0 is any",
			later: noFunctions,
			kind:  number(&c.Compute.Memory, 0, math.MaxInt32),
		},

		{
			key: "smtp.host", app: []string{"_APP_SMTP_HOST"}, doc: "mail server; unset is no mail",
			later: noMail,
			kind:  text(&c.SMTP.Host, optional(hostname)),
		},
		{
			key: "smtp.port", app: []string{"_APP_SMTP_PORT"}, start: "25", doc: "its port",
			later: noMail,
			kind:  number(&c.SMTP.Port, 1, math.MaxUint16),
		},
		{
			key: "smtp.secure", app: []string{"_APP_SMTP_SECURE"}, doc: "tls for STARTTLS, ssl for TLS from the start",
			later: noMail,
			kind:  choice(&c.SMTP.Secure, "", "tls", "ssl"),
		},
		{
			key: "smtp.username", app: []string{"_APP_SMTP_USERNAME"}, doc: "user there",
			later: noMail,
			kind:  text(&c.SMTP.Username, nil),
		},
		{
			key: "smtp.password", app: []string{"_APP_SMTP_PASSWORD"}, doc: "password there",
			later: noMail,
			kind:  secret(&c.SMTP.Password),
		},
		{
			key: "smtp.from_name", app: []string{"_APP_SYSTEM_EMAIL_NAME"}, start: "moorfast", doc: "name mail is sent under",
			later: noMail,
			kind:  text(&c.SMTP.FromName, oneLine),
		},
		{
			key: "smtp.from", app: []string{"_APP_SYSTEM_EMAIL_ADDRESS"}, start: "noreply@localhost", doc: "address mail is sent from",
			later: noMail,
			kind:  text(&c.SMTP.From, oneLine),
		},
		{
			key: "sms.provider", app: []string{"_APP_SMS_PROVIDER"}, doc: "sms://user:secret@provider; unset is no messages",
			later: noMessages,
			kind:  secret(&c.SMS.Provider),
		},
		{
			key: "sms.from", app: []string{"_APP_SMS_FROM"}, doc: "number messages are sent from",
			later: noMessages,
			kind:  text(&c.SMS.From, oneLine),
		},
		{
			key: "assistant.openai_key", app: []string{"_APP_ASSISTANT_OPENAI_API_KEY"}, doc: "key for the console's assistant",
			later: "the console's assistant does not answer yet",
			kind:  secret(&c.Assistant),
		},
	}
	rows = append(rows, storageRows(&c.Storage)...)
	rows = append(rows, auditRows(&c.Audit)...)
	rows = append(rows, doctorRows(&c.Doctor)...)
	rows = append(rows, otlpRows(&c.OTLP)...)
	v := &c.VCS
	for _, p := range []struct {
		name string
		*VCSProvider
		fields string // that the service has
	}{
		{"github", &v.GitHub, "app_name app_id client_id client_secret private_key webhook_secret"},
		{"gitlab", &v.GitLab, "client_id client_secret webhook_secret"},
		{"gitea", &v.Gitea, "endpoint browser_endpoint client_id client_secret webhook_secret"},
		{"bitbucket", &v.Bitbucket, "client_id client_secret webhook_secret"},
		{"origin", &v.Origin, "client_id private_key"},
	} {
		rows = append(rows, vcsRows(p.name, p.VCSProvider, p.fields)...)
	}
	return rows
}
