package server

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"moorfast/internal/adminsock"
	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/users"
	"moorfast/internal/id"
	"moorfast/internal/project"
	"moorfast/internal/service/console"
	"moorfast/internal/store"
	"moorfast/internal/vault"
)

// Account names an account of the console, and what is to be done with it. Who
// may run a command on the host has the data anyway: no list holds for him.
type Account struct {
	Email    string `json:"email"`
	Name     string `json:"name,omitempty"`
	Password string `json:"password,omitempty"`
	Session  string `json:"session,omitempty"` // to revoke; "all" is each
}

// AccountState is an account as commands show it.
type AccountState struct {
	ID       string         `json:"id"`
	Email    string         `json:"email"`
	Root     bool           `json:"root"` // it became the first account
	Active   bool           `json:"active"`
	MFA      bool           `json:"mfa"`
	Sessions []SessionState `json:"sessions"`
	Ended    int            `json:"ended"` // sessions
}

// SessionState is a session as commands show it.
type SessionState struct {
	ID      string `json:"id"`
	Created string `json:"created"`
	Expires string `json:"expires"`
	IP      string `json:"ip"`
	Client  string `json:"client"`
}

// Exception lets an address in for a while.
type Exception struct {
	Network string  `json:"network"`
	Seconds float64 `json:"seconds"`
}

// Question asks who may use the console.
type Question struct {
	Email string `json:"email"`
	IP    string `json:"ip"`
}

// longestException bounds an exception to the list of addresses.
const longestException = 24 * time.Hour

func (s *Server) hostCommands() adminsock.Commands {
	return adminsock.Commands{
		"admin.create":         command(s.createAccount),
		"admin.reset-password": command(s.resetPassword),
		"admin.reset-mfa":      command(s.resetMFA),
		"admin.unlock":         command(s.unlock),
		"admin.sessions":       command(s.accountSessions),
		"admin.allow-ip":       command(s.allowIP),
		"api-key.bind":         command(s.bindKey),
		"access.explain":       command(s.explain),
		"audit.tell":           command(s.tell),
		"doctor.live":          command(s.live),
	}
}

// inputError is a command that asks for what can not be.
type inputError struct{ error }

func (e *inputError) Unwrap() error { return e.error }

func wrong(format string, args ...any) error { return &inputError{fmt.Errorf(format, args...)} }

// rules are those of the console's accounts.
func (s *Server) rules() project.Auths { return consoleProject(s.config).Auths }

func (s *Server) createAccount(ctx context.Context, in Account, _ func(any)) (*AccountState, error) {
	email := api.Email(strings.ToLower(in.Email))
	if err := email.Check(); err != nil {
		return nil, wrong("%.80q is no e-mail address", in.Email)
	}
	if len(in.Name) > 128 {
		return nil, wrong("the name is longer than 128 bytes")
	}
	now := s.now().Truncate(time.Millisecond)
	r := users.NewUser(id.New(now), now.UnixMicro())
	r.Name = in.Name
	r.SetEmail(string(email))
	hash, err := s.core.passwords.New(ctx, s.rules(), in.Password, r)
	if err != nil {
		return nil, &inputError{err}
	}
	if err := r.SetPassword(hash, s.rules().PasswordHistory, now.UnixMicro()); err != nil {
		return nil, err
	}
	root := false
	err = s.db.Update(ctx, store.Platform, func(tx store.Tx) error {
		claimed, err := s.core.users.Claimed(ctx, tx)
		if err != nil {
			return err
		}
		root = !claimed
		// Later ones are as invited: the lists of the console still hold for them.
		r.Invited = claimed
		if err := s.core.users.Claim(ctx, tx, r.ID, false); err != nil {
			return err
		}
		if err := s.core.users.Insert(ctx, tx, r); err != nil {
			return err
		}
		return s.carry(ctx, tx, "user/"+r.ID)
	})
	if errors.Is(err, apierr.UserAlreadyExists) || errors.Is(err, apierr.UserEmailAlreadyExists) {
		return nil, wrong("there is an account with the address %s", email)
	}
	if err != nil {
		return nil, err
	}
	return &AccountState{ID: r.ID, Email: r.EmailText(), Root: root, Active: true, Sessions: []SessionState{}}, nil
}

// account changes an account of the console, and returns how it is then.
func (s *Server) account(ctx context.Context, email string, change func(tx store.Tx, r *users.User, state *AccountState) error) (*AccountState, error) {
	var state *AccountState
	err := s.db.Update(ctx, store.Platform, func(tx store.Tx) error {
		r, err := s.core.users.ByEmail(ctx, tx, strings.ToLower(email))
		if errors.Is(err, apierr.UserNotFound) {
			return wrong("there is no account with the address %.80q", email)
		}
		if err != nil {
			return err
		}
		state = &AccountState{ID: r.ID, Email: r.EmailText(), Sessions: []SessionState{}}
		if err := change(tx, r, state); err != nil {
			return err
		}
		if err := s.carry(ctx, tx, "user/"+r.ID); err != nil {
			return err
		}
		state.Active, state.MFA = r.Active, r.MFA
		list, err := s.core.users.Sessions(ctx, tx, r.ID)
		for _, one := range list {
			state.Sessions = append(state.Sessions, SessionState{
				ID: one.ID, IP: one.IP, Client: one.Client.ClientName + " on " + one.Client.OSName,
				Created: time.UnixMicro(one.CreatedAt).UTC().Format(time.RFC3339), Expires: time.UnixMicro(one.ExpiresAt).UTC().Format(time.RFC3339),
			})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return state, nil
}

// resetPassword gives an account a password, and ends its sessions.
func (s *Server) resetPassword(ctx context.Context, in Account, _ func(any)) (*AccountState, error) {
	var r *users.User
	_, err := s.account(unrecorded(ctx), in.Email, func(_ store.Tx, found *users.User, _ *AccountState) error {
		r = found
		return nil
	})
	if err != nil {
		return nil, err
	}
	hash, err := s.core.passwords.New(ctx, s.rules(), in.Password, r)
	if err != nil {
		return nil, &inputError{err}
	}
	return s.account(ctx, in.Email, func(tx store.Tx, r *users.User, state *AccountState) error {
		if err := r.SetPassword(hash, s.rules().PasswordHistory, s.now().UnixMicro()); err != nil {
			return err
		}
		if err := s.core.users.Update(ctx, tx, r, "password", "password_update", "password_history", "reset"); err != nil {
			return err
		}
		return s.endSessions(ctx, tx, r, state, "all")
	})
}

// resetMFA takes the second factors of an account away, and ends its sessions.
func (s *Server) resetMFA(ctx context.Context, in Account, _ func(any)) (*AccountState, error) {
	return s.account(ctx, in.Email, func(tx store.Tx, r *users.User, state *AccountState) error {
		a, err := s.core.users.Authenticator(ctx, tx, r.ID)
		switch {
		case err == nil:
			err = s.core.users.DeleteAuthenticator(ctx, tx, a)
		case errors.Is(err, apierr.UserAuthenticatorNotFound):
			err = nil
		}
		if err != nil {
			return err
		}
		r.MFA, r.RecoveryCodes = false, vault.Secret{}
		if err := s.core.users.Update(ctx, tx, r, "mfa", "recovery_codes"); err != nil {
			return err
		}
		return s.endSessions(ctx, tx, r, state, "all")
	})
}

// unlock lets an account that was blocked sign in again.
func (s *Server) unlock(ctx context.Context, in Account, _ func(any)) (*AccountState, error) {
	return s.account(ctx, in.Email, func(tx store.Tx, r *users.User, _ *AccountState) error {
		r.Active = true
		return s.core.users.Update(ctx, tx, r, "status")
	})
}

// accountSessions lists the sessions of an account, and ends one or all of them.
func (s *Server) accountSessions(ctx context.Context, in Account, _ func(any)) (*AccountState, error) {
	if in.Session == "" {
		ctx = unrecorded(ctx)
	}
	return s.account(ctx, in.Email, func(tx store.Tx, r *users.User, state *AccountState) error {
		if in.Session == "" {
			return nil
		}
		return s.endSessions(ctx, tx, r, state, in.Session)
	})
}

func (s *Server) endSessions(ctx context.Context, tx store.Tx, r *users.User, state *AccountState, which string) error {
	list, err := s.core.users.Sessions(ctx, tx, r.ID)
	if err != nil {
		return err
	}
	for i := range list {
		if which != "all" && which != list[i].ID {
			continue
		}
		if err := s.core.users.Close(ctx, tx, &list[i]); err != nil {
			return err
		}
		state.Ended++
	}
	if which != "all" && state.Ended == 0 {
		return wrong("the account has no session %.60q", which)
	}
	return nil
}

// allowIP lets a network in that the list keeps out, for a while. The settings
// say what holds for longer.
func (s *Server) allowIP(ctx context.Context, in Exception, _ func(any)) (string, error) {
	if s.alone {
		return "", wrong("no server runs, and an exception ends with its server: change _APP_CONSOLE_WHITELIST_IPS, and start it")
	}
	network, err := netip.ParsePrefix(in.Network)
	if addr, e := netip.ParseAddr(in.Network); e == nil {
		network, err = netip.PrefixFrom(addr.Unmap().WithZone(""), addr.Unmap().BitLen()), nil
	}
	life := time.Duration(in.Seconds * float64(time.Second))
	switch {
	case err != nil || network != network.Masked() || network.Bits() < 8:
		return "", wrong("%.60q is neither an address nor a network of at least 8 bits", in.Network)
	case in.Seconds <= 0 || in.Seconds > longestException.Seconds():
		return "", wrong("an exception is for %v at most", longestException)
	}
	time.AfterFunc(life, s.Policy.Admit(network))
	return s.now().Add(life).Format(time.RFC3339), nil
}

func (s *Server) explain(ctx context.Context, in Question, _ func(any)) (console.Access, error) {
	var claimed bool
	err := s.db.View(ctx, store.Platform, func(tx store.Tx) (err error) {
		claimed, err = s.core.users.Claimed(ctx, tx)
		return err
	})
	if err != nil {
		return console.Access{}, err
	}
	a, err := console.Explain(s.Policy, claimed, in.Email, in.IP)
	if err != nil {
		return a, &inputError{err}
	}
	return a, nil
}
