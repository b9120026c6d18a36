package users

import (
	"moorfast/internal/store/sqlb"
)

const (
	usersTable          = "users"
	sessionsTable       = "sessions"
	tokensTable         = "user_tokens"
	authenticatorsTable = "authenticators"
	challengesTable     = "challenges"
	identitiesTable     = "identities"
	targetsTable        = "targets"
	rootTable           = "console_root"
)

// The columns of secrets hold what the vault made of them. Of e-mail addresses
// and numbers, a user has one or none; NULL is none, since two of "" would clash.
const ddl = `
CREATE TABLE users (
	seq $serial, id $text NOT NULL, created_at $int NOT NULL, updated_at $int NOT NULL,
	name $text NOT NULL, email $text, phone $text, status $int NOT NULL, labels $text NOT NULL,
	password $text, password_update $int, password_history $text, reset $int NOT NULL,
	email_verification $int NOT NULL, phone_verification $int NOT NULL,
	email_canonical $text, email_is_free $int, email_is_disposable $int, email_is_corporate $int, email_is_canonical $int,
	mfa $int NOT NULL, recovery_codes $text,
	prefs $text NOT NULL, registration $int NOT NULL, accessed_at $int NOT NULL, impersonator $int NOT NULL,
	invited $int NOT NULL
);
CREATE UNIQUE INDEX users_id ON users (id);
CREATE UNIQUE INDEX users_email ON users (email);
CREATE UNIQUE INDEX users_phone ON users (phone);

CREATE TABLE sessions (
	seq $serial, id $text NOT NULL, created_at $int NOT NULL, updated_at $int NOT NULL,
	user_id $text NOT NULL, secret $text NOT NULL, expires_at $int NOT NULL, used_at $int NOT NULL,
	provider $text NOT NULL, provider_uid $text NOT NULL,
	access_token $text, access_token_expires_at $int NOT NULL, refresh_token $text,
	ip $text NOT NULL, country $text NOT NULL, user_agent $text NOT NULL, client $text NOT NULL,
	factors $text NOT NULL, challenged_at $int NOT NULL
);
CREATE UNIQUE INDEX sessions_id ON sessions (id);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_provider ON sessions (provider, provider_uid);

CREATE TABLE user_tokens (
	seq $serial, id $text NOT NULL, created_at $int NOT NULL, updated_at $int NOT NULL,
	user_id $text NOT NULL, kind $int NOT NULL, secret $text NOT NULL, expires_at $int NOT NULL,
	tries $int NOT NULL, ip $text NOT NULL, user_agent $text NOT NULL
);
CREATE UNIQUE INDEX user_tokens_id ON user_tokens (id);
CREATE INDEX user_tokens_user ON user_tokens (user_id);

CREATE TABLE authenticators (
	seq $serial, id $text NOT NULL, created_at $int NOT NULL, updated_at $int NOT NULL,
	user_id $text NOT NULL, type $text NOT NULL, secret $text NOT NULL, verified $int NOT NULL, last_step $int NOT NULL
);
CREATE UNIQUE INDEX authenticators_id ON authenticators (id);
CREATE UNIQUE INDEX authenticators_user ON authenticators (user_id, type);

CREATE TABLE challenges (
	seq $serial, id $text NOT NULL, created_at $int NOT NULL, updated_at $int NOT NULL,
	user_id $text NOT NULL, factor $text NOT NULL, code $text, expires_at $int NOT NULL, tries $int NOT NULL
);
CREATE UNIQUE INDEX challenges_id ON challenges (id);
CREATE INDEX challenges_user ON challenges (user_id);

CREATE TABLE identities (
	seq $serial, id $text NOT NULL, created_at $int NOT NULL, updated_at $int NOT NULL,
	user_id $text NOT NULL, provider $text NOT NULL, provider_uid $text NOT NULL, provider_email $text NOT NULL,
	access_token $text, access_token_expires_at $int, refresh_token $text
);
CREATE UNIQUE INDEX identities_id ON identities (id);
CREATE UNIQUE INDEX identities_provider ON identities (provider, provider_uid);
CREATE INDEX identities_user ON identities (user_id);
CREATE INDEX identities_email ON identities (provider_email);

CREATE TABLE targets (
	seq $serial, id $text NOT NULL, created_at $int NOT NULL, updated_at $int NOT NULL,
	user_id $text NOT NULL, session_id $text NOT NULL, provider_id $text, provider_type $text NOT NULL,
	identifier $text NOT NULL, name $text NOT NULL, expired $int NOT NULL
);
CREATE UNIQUE INDEX targets_id ON targets (id);
CREATE UNIQUE INDEX targets_identifier ON targets (identifier);
CREATE INDEX targets_user ON targets (user_id);

CREATE TABLE console_root (
	claim $text NOT NULL PRIMARY KEY, user_id $text NOT NULL, claimed_at $int NOT NULL
);
`

// Tables returns the statements that make the tables of this package.
func Tables(d sqlb.Dialect) []string { return d.Statements(ddl) }
