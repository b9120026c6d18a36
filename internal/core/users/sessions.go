package users

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"time"

	"moorfast/internal/apierr"
	"moorfast/internal/model"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
	"moorfast/internal/token"
	"moorfast/internal/useragent"
	"moorfast/internal/vault"
)

// Session is a place where a user is signed in, as it is stored.
type Session struct {
	Seq       int64        `col:"seq"`
	ID        string       `col:"id"`
	CreatedAt int64        `col:"created_at"`
	UpdatedAt int64        `col:"updated_at"`
	UserID    string       `col:"user_id"`
	Secret    vault.Secret `col:"secret"` // its sum; see token.Sum
	ExpiresAt int64        `col:"expires_at"`
	UsedAt    int64        `col:"used_at"` // about when; see Users.Touch

	Provider             string       `col:"provider"`
	ProviderUID          string       `col:"provider_uid"`
	AccessToken          vault.Secret `col:"access_token"`
	AccessTokenExpiresAt int64        `col:"access_token_expires_at"`
	RefreshToken         vault.Secret `col:"refresh_token"`

	IP        string         `col:"ip"`
	Country   string         `col:"country"` // two small letters, or "--"
	UserAgent string         `col:"user_agent"`
	Client    useragent.Info `col:"client"`

	Factors      []string `col:"factors"`
	ChallengedAt int64    `col:"challenged_at"` // when a factor was proved again
}

// The providers of sessions that are no OAuth2 providers.
const (
	ByEmail     = "email"
	ByAnonymous = "anonymous"
	ByMagicURL  = "magic-url"
	ByPhone     = "phone"
	ByToken     = "token"
	ByServer    = "server"
)

// The factors that a session has been proved with.
const (
	FactorPassword  = "password"
	FactorEmail     = "email"
	FactorPhone     = "phone"
	FactorTOTP      = "totp"
	FactorToken     = "token"
	FactorServer    = "server"
	FactorAnonymous = "anonymous"
	FactorRecovery  = "recoveryCode"
	FactorCustom    = "custom"
)

// longestAgent is how much of a User-Agent header is kept.
const longestAgent = 1024

// NewSession returns a session that is about to be opened, and its secret. The
// caller says how it was proved.
func NewSession(id, userID string, now, expires int64) (s *Session, secret string) {
	secret = token.NewSecret()
	return &Session{
		ID: id, UserID: userID, CreatedAt: now, UpdatedAt: now, UsedAt: now, ExpiresAt: expires,
		Secret: vault.Hide(token.Sum(secret)), Country: unknownCountry, Factors: []string{},
	}, secret
}

// From notes the client that opens the session.
func (s *Session) From(ip, agent string) {
	s.IP, s.UserAgent = ip, agent[:min(len(agent), longestAgent)]
	s.Client = useragent.Parse(s.UserAgent)
}

// Model returns the session as answers show it. The secret is what its cookie
// carries, or "" for those who are not to see it.
func (s *Session) Model(current bool, secret string) model.Session {
	c := s.Client
	return model.Session{
		ID: s.ID, CreatedAt: model.Time(s.CreatedAt), UpdatedAt: model.Time(s.UpdatedAt),
		UserID: s.UserID, Expire: model.Time(s.ExpiresAt),
		Provider: s.Provider, ProviderUID: s.ProviderUID, ProviderAccessToken: s.AccessToken.Reveal(),
		ProviderAccessTokenExpiry: model.Time(s.AccessTokenExpiresAt), ProviderRefreshToken: s.RefreshToken.Reveal(),
		IP: s.IP, OSCode: c.OSCode, OSName: c.OSName, OSVersion: c.OSVersion,
		ClientType: c.ClientType, ClientCode: c.ClientCode, ClientName: c.ClientName, ClientVersion: c.ClientVersion,
		ClientEngine: c.ClientEngine, ClientEngineVersion: c.ClientEngineVersion,
		DeviceName: c.DeviceName, DeviceBrand: c.DeviceBrand, DeviceModel: c.DeviceModel,
		CountryCode: s.Country, CountryName: "Unknown",
		Current: current, Factors: s.Factors, Secret: secret, MFAUpdatedAt: model.Time(s.ChallengedAt),
	}
}

// Show returns the session as [Session.Model] does, with the name of its country
// in the language of a locale.
func (u *Users) Show(s *Session, locale string, current bool, secret string) model.Session {
	m := s.Model(current, secret)
	if u.names != nil && s.Country != unknownCountry {
		m.CountryName = u.names(strings.ToUpper(s.Country), locale)
	}
	return m
}

// locate notes the country that a session is opened from, where that is known.
func (u *Users) locate(s *Session) {
	addr, err := netip.ParseAddr(s.IP)
	if err != nil || u.geo == nil {
		return
	}
	if code := u.geo(addr); code != "" {
		s.Country = strings.ToLower(code)
	}
}

const unknownCountry = "--"

// Open adds a session. Of the user's sessions, those that have ended go, and so
// do the oldest beyond limit, which is none where it is 0.
func (u *Users) Open(ctx context.Context, tx store.Tx, s *Session, limit int) error {
	ended := sqlb.And(sqlb.Eq("user_id", s.UserID), sqlb.Not(u.alive(tx)))
	if err := u.closeWhere(ctx, tx, s.UserID, ended); err != nil {
		return err
	}
	u.locate(s)
	if err := store.Insert(ctx, tx, sessionsTable, s); err != nil {
		return err
	}
	u.Changed(tx, s.UserID)
	if limit <= 0 {
		return nil
	}
	kept, err := store.List[Session](ctx, tx, sqlb.Select{
		Columns: []string{"seq"}, From: sessionsTable, Where: sqlb.Eq("user_id", s.UserID),
		Order: []sqlb.Order{{Column: "seq", Desc: true}}, Limit: limit,
	})
	if err != nil || len(kept) < limit {
		return err
	}
	return u.closeWhere(ctx, tx, s.UserID, sqlb.And(sqlb.Eq("user_id", s.UserID), sqlb.Lt("seq", kept[len(kept)-1].Seq)))
}

// Sessions lists the sessions of a user that are alive, the first one first.
func (u *Users) Sessions(ctx context.Context, tx store.Tx, userID string) ([]Session, error) {
	return store.List[Session](ctx, tx, sqlb.Select{
		From: sessionsTable, Where: sqlb.And(sqlb.Eq("user_id", userID), u.alive(tx)), Order: []sqlb.Order{{Column: "seq"}},
	})
}

// alive holds for the sessions that have not ended.
func (u *Users) alive(tx store.Tx) sqlb.Cond {
	now := u.micros()
	unexpired := sqlb.Ge("expires_at", now)
	if idle := u.idleIn(tx); idle > 0 {
		unexpired = sqlb.And(unexpired, sqlb.Ge("used_at", now-idle.Microseconds()))
	}
	if u.life > 0 && tx.Project() == store.Platform {
		unexpired = sqlb.And(unexpired, sqlb.Ge("created_at", now-u.life.Microseconds()))
	}
	return unexpired
}

// ends is when a session ends, if it is not used again.
func (u *Users) ends(tx store.Tx, s *Session) int64 {
	end := s.ExpiresAt
	if idle := u.idleIn(tx); idle > 0 {
		end = min(end, s.UsedAt+idle.Microseconds())
	}
	if u.life > 0 && tx.Project() == store.Platform {
		end = min(end, s.CreatedAt+u.life.Microseconds())
	}
	return end
}

// idleIn is for how long a session of a project lives without being used, or 0.
func (u *Users) idleIn(tx store.Tx) time.Duration {
	if tx.Project() != store.Platform {
		return 0
	}
	return u.idle
}

// Session returns a live session of a user, or [apierr.UserSessionNotFound].
func (u *Users) Session(ctx context.Context, tx store.Tx, userID, id string) (*Session, error) {
	s, err := store.Get[Session](ctx, tx, sessionsTable, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && (s.UserID != userID || u.ends(tx, &s) < u.micros()) {
		return nil, apierr.UserSessionNotFound
	}
	return &s, err
}

// UpdateSession writes the named columns of a session, and when.
func (u *Users) UpdateSession(ctx context.Context, tx store.Tx, s *Session, columns ...string) error {
	s.UpdatedAt = u.micros()
	err := store.UpdateColumns(ctx, tx, sessionsTable, s, append(columns, "updated_at")...)
	if errors.Is(err, store.ErrNotFound) {
		return apierr.UserSessionNotFound
	}
	u.Changed(tx, s.UserID)
	return err
}

// Close ends a session of a user.
func (u *Users) Close(ctx context.Context, tx store.Tx, s *Session) error {
	return u.closeWhere(ctx, tx, s.UserID, sqlb.Eq("id", s.ID))
}

// CloseAll ends the sessions of a user, but for one, which may be "".
func (u *Users) CloseAll(ctx context.Context, tx store.Tx, userID, but string) error {
	return u.closeWhere(ctx, tx, userID, sqlb.And(sqlb.Eq("user_id", userID), sqlb.Ne("id", but)))
}

// closeWhere ends sessions. The push targets of an app go with its session.
func (u *Users) closeWhere(ctx context.Context, tx store.Tx, userID string, which sqlb.Cond) error {
	_, err := store.DeleteWhere(ctx, tx, targetsTable, sqlb.InSelect("session_id", sqlb.Select{Columns: []string{"id"}, From: sessionsTable, Where: which}))
	if err != nil {
		return err
	}
	if _, err := store.DeleteWhere(ctx, tx, sessionsTable, which); err != nil {
		return err
	}
	u.Changed(tx, userID)
	return nil
}
