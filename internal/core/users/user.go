package users

import (
	"encoding/json"

	"moorfast/internal/api"
	"moorfast/internal/email"
	"moorfast/internal/identity"
	"moorfast/internal/model"
	"moorfast/internal/password"
	"moorfast/internal/vault"
)

// User is a user as he is stored. Fields that hang together are set by methods;
// what of a stored user hangs together with other rows is changed by those of
// [Users].
type User struct {
	Seq       int64  `col:"seq"`
	ID        string `col:"id"`
	CreatedAt int64  `col:"created_at"`
	UpdatedAt int64  `col:"updated_at"`

	Name   string   `col:"name"`
	Email  *string  `col:"email"`
	Phone  *string  `col:"phone"`
	Active bool     `col:"status"`
	Labels []string `col:"labels"`

	Password        vault.Secret `col:"password"` // of password.Hash
	PasswordUpdate  *int64       `col:"password_update"`
	PasswordHistory vault.Secret `col:"password_history"` // of []password.Hash
	Reset           bool         `col:"reset"`            // he must set another password first

	EmailVerified bool `col:"email_verification"`
	PhoneVerified bool `col:"phone_verification"`

	EmailCanonical    *string `col:"email_canonical"`
	EmailIsFree       *bool   `col:"email_is_free"`
	EmailIsDisposable *bool   `col:"email_is_disposable"`
	EmailIsCorporate  *bool   `col:"email_is_corporate"`
	EmailIsCanonical  *bool   `col:"email_is_canonical"`

	MFA           bool         `col:"mfa"`
	RecoveryCodes vault.Secret `col:"recovery_codes"` // of []string

	Prefs        json.RawMessage `col:"prefs"`
	Registration int64           `col:"registration"`
	AccessedAt   int64           `col:"accessed_at"`
	Impersonator bool            `col:"impersonator"`
	Invited      bool            `col:"invited"` // an invitation made him
}

// NewUser returns a user who is about to be added, with nothing but an id.
func NewUser(id string, now int64) *User {
	return &User{
		ID: id, CreatedAt: now, UpdatedAt: now, Registration: now, AccessedAt: now,
		Active: true, Labels: []string{}, Prefs: json.RawMessage("{}"),
	}
}

// EmailText is the address of the user, or "".
func (r *User) EmailText() string { return text(r.Email) }

// PhoneText is the number of the user, or "".
func (r *User) PhoneText() string { return text(r.Phone) }

// SetEmail gives the user an address that is not verified; "" takes it away.
func (r *User) SetEmail(address string) {
	r.Email, r.EmailVerified = optional(address), false
	r.EmailCanonical, r.EmailIsFree, r.EmailIsDisposable, r.EmailIsCorporate, r.EmailIsCanonical = nil, nil, nil, nil, nil
	if address == "" {
		return
	}
	f := email.About(address)
	r.EmailCanonical = &f.Canonical
	r.EmailIsFree, r.EmailIsDisposable, r.EmailIsCorporate, r.EmailIsCanonical = &f.Free, &f.Disposable, &f.Corporate, &f.IsCanonical
}

// SetPhone gives the user a number that is not verified; "" takes it away.
func (r *User) SetPhone(number string) {
	r.Phone, r.PhoneVerified = optional(number), false
}

// Hash returns the user's hashed password, which is zero where he has none.
func (r *User) Hash() (password.Hash, error) { return password.Unmarshal(r.Password.Reveal()) }

// History returns the hashes of passwords that the user had, the last one last.
func (r *User) History() (list []password.Hash, err error) {
	if !r.PasswordHistory.Set() {
		return nil, nil
	}
	err = json.Unmarshal([]byte(r.PasswordHistory.Reveal()), &list)
	return list, err
}

// SetPassword gives the user a password, which joins the last keep in his
// history. The zero hash takes his password away.
func (r *User) SetPassword(h password.Hash, keep int, now int64) error {
	if h.IsZero() {
		r.Password, r.PasswordUpdate = vault.Secret{}, &now
		return nil
	}
	history, err := r.History()
	if err != nil {
		return err
	}
	history = append(history, h)
	history = history[max(0, len(history)-keep):]
	r.PasswordHistory = vault.Secret{}
	if keep > 0 {
		b, err := json.Marshal(history)
		if err != nil {
			return err
		}
		r.PasswordHistory = vault.Hide(string(b))
	}
	r.Password, r.PasswordUpdate, r.Reset = vault.Hide(h.Marshal()), &now, false
	return nil
}

// Rehash replaces the hash of a password that stays the same.
func (r *User) Rehash(h password.Hash) { r.Password = vault.Hide(h.Marshal()) }

// Person is what the user's password must not contain.
func (r *User) Person() password.Person {
	return password.Person{ID: r.ID, Email: text(r.Email), Name: r.Name, Phone: text(r.Phone)}
}

// Account returns the user's own view of himself.
func (r *User) Account(targets []Target, impersonator *identity.User) model.Account {
	a := model.Account{
		ID: r.ID, CreatedAt: model.Time(r.CreatedAt), UpdatedAt: model.Time(r.UpdatedAt),
		Name: r.Name, Registration: model.Time(r.Registration), Status: r.Active, Labels: r.Labels,
		PasswordUpdate: moment(r.PasswordUpdate), Email: text(r.Email), Phone: text(r.Phone),
		EmailVerification: r.EmailVerified, EmailCanonical: r.EmailCanonical, EmailIsFree: r.EmailIsFree,
		EmailIsDisposable: r.EmailIsDisposable, EmailIsCorporate: r.EmailIsCorporate, EmailIsCanonical: r.EmailIsCanonical,
		PhoneVerification: r.PhoneVerified, MFA: r.MFA, Prefs: api.Document(r.Prefs), Targets: targetModels(targets),
		AccessedAt: model.Time(r.AccessedAt), Impersonator: r.Impersonator,
	}
	if impersonator != nil {
		a.ImpersonatorUserID = &impersonator.ID
	}
	return a
}

// Model returns the view that servers and admins have of the user.
func (r *User) Model(targets []Target) (model.User, error) {
	hash, err := r.Hash()
	if err != nil {
		return model.User{}, err
	}
	options := hash.Options
	if hash.IsZero() {
		options = password.DefaultCost.Options()
	}
	a := r.Account(targets, nil)
	return model.User{
		ID: a.ID, CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt, Name: a.Name,
		Password: optional(hash.Text), Hash: string(options.Type), HashOptions: options.Model(),
		Registration: a.Registration, Status: a.Status, Labels: a.Labels, PasswordUpdate: a.PasswordUpdate,
		Email: a.Email, Phone: a.Phone,
		EmailVerification: a.EmailVerification, EmailCanonical: a.EmailCanonical, EmailIsFree: a.EmailIsFree,
		EmailIsDisposable: a.EmailIsDisposable, EmailIsCorporate: a.EmailIsCorporate, EmailIsCanonical: a.EmailIsCanonical,
		PhoneVerification: a.PhoneVerification, MFA: a.MFA, Prefs: a.Prefs, Targets: a.Targets,
		AccessedAt: a.AccessedAt, Impersonator: a.Impersonator,
	}, nil
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func moment(micros *int64) string {
	if micros == nil {
		return ""
	}
	return model.Time(*micros)
}
