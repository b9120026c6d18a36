package documents

import (
	"context"
	"errors"
	"strings"
	"time"

	"moorfast/internal/datetime"
	"moorfast/internal/identity"
	"moorfast/internal/perm"
	"moorfast/internal/rawjson"
	"moorfast/internal/schema"
	"moorfast/internal/store"
)

// Row is what a client sends for a row.
type Row struct {
	ID          string
	Data        []byte    // a JSON object; nil is nothing
	Permissions *perm.Set // nil: those that the row has, or that its maker gets
}

// Create adds a row and returns it as JSON.
func (t *Table) Create(ctx context.Context, tx store.Tx, by By, row Row) ([]byte, error) {
	if !by.Actor.Server() && !t.Permissions.Allows(perm.Create, by.Actor.Roles) {
		return nil, &Error{Kind: Unauthorized}
	}
	return t.create(ctx, tx, by, row)
}

func (t *Table) create(ctx context.Context, tx store.Tx, by By, row Row) ([]byte, error) {
	set, err := newPermissions(by.Actor, row.Permissions)
	if err != nil {
		return nil, err
	}
	draft, err := t.Schema.Draft(row.Data)
	if err != nil {
		return nil, err
	}
	created, updated, err := moments(by, &draft)
	if err != nil {
		return nil, err
	}
	related, err := t.relatings(by, &draft)
	if err != nil {
		return nil, err
	}
	acl, err := by.lists.intern(ctx, tx, t, set)
	if err != nil {
		return nil, err
	}
	at, changed := or(created, by.Now.UnixMilli()), or(updated, by.Now.UnixMilli())
	args := append(make([]any, 0, 4+len(t.fields)), row.ID, at, changed, acl)
	made := append(make(made, 0, fieldsAt+len(t.fields)), row.ID, nil, at, changed, acl, set.JSON())
	for i := range t.fields {
		if t.fields[i].form == asLinks {
			continue
		}
		v, err := t.kept(tx, &t.fields[i], row.ID, draft.Values[i])
		if err != nil {
			return nil, err
		}
		args, made = t.fields[i].store(args, v), made.field(v)
	}
	seq, err := insert(ctx, tx, t.texts.insert, args)
	if err != nil {
		return nil, t.conflict(row.ID, err)
	}
	made[seqAt] = seq
	p := t.everything()
	text, err := encoder{t, by.Form, tx}.row(make([]byte, 0, t.sizes.guess(1)), made, &p)
	if err != nil {
		return nil, err
	}
	return t.withRelated(ctx, tx, by, seq, text, related)
}

// newPermissions are those of a row that is about to be made.
func newPermissions(actor *identity.Actor, given *perm.Set) (perm.Set, error) {
	switch {
	case given != nil:
		return *given, checkGrant(actor, *given)
	case actor.Server() || actor.UserID() == "":
		return perm.Set{}, nil
	}
	return perm.ForUser(actor.UserID()), nil
}

// checkGrant keeps an actor from giving what it does not have.
func checkGrant(actor *identity.Actor, set perm.Set) error {
	if actor.Server() {
		return nil
	}
	if err := set.CheckGrant(actor.Roles); err != nil {
		return &Error{Kind: Unauthorized, Message: err.Error()}
	}
	return nil
}

// moments are the times that a server sets for a row, in milliseconds; nil is
// none. What another actor sends of them is the row that it once got.
func moments(by By, draft *schema.Draft) (created, updated *int64, err error) {
	if !by.Actor.Server() {
		return nil, nil, nil
	}
	if created, err = moment("$createdAt", draft.CreatedAt); err == nil {
		updated, err = moment("$updatedAt", draft.UpdatedAt)
	}
	return created, updated, err
}

func moment(name string, raw []byte) (*int64, error) {
	if raw == nil || rawjson.KindOf(raw) == rawjson.Null {
		return nil, nil
	}
	s, _ := rawjson.Text(raw)
	t, ok := datetime.Parse(s)
	if !ok {
		return nil, &schema.Error{Kind: schema.BadStructure, Message: `Attribute "` + name + `" has invalid type. ` + datetime.Description}
	}
	milli := t.UnixMilli()
	return &milli, nil
}

func or(p *int64, otherwise int64) int64 {
	if p == nil {
		return otherwise
	}
	return *p
}

// kept is a checked value as the store keeps it.
func (t *Table) kept(tx store.Tx, f *field, row string, v any) (any, error) {
	text, ok := v.(string)
	if !f.column.Encrypt || !ok {
		return v, nil
	}
	sealed, err := t.seal(tx, f, row, text)
	if err != nil || f.hash == "" {
		return sealed, err
	}
	hash, err := t.hash(tx, f, text)
	return hashed{sealed, hash}, err
}

// conflict makes an outcome of a taken key: that of the row, or of an index.
func (t *Table) conflict(id string, err error) error {
	var taken *store.ConflictError
	if !errors.As(err, &taken) {
		return err
	}
	if len(taken.Columns) == 1 && taken.Columns[0] == idColumn || strings.HasSuffix(taken.Index, "_"+idColumn+"_key") {
		return because(RowExists, id, err)
	}
	return because(RowNotUnique, id, err)
}

// reread returns a row that was just written.
func (t *Table) reread(ctx context.Context, tx store.Tx, by By, seq int64) (row []byte, err error) {
	rows, err := tx.Query(ctx, t.texts.bySeq, seq)
	if err != nil {
		return nil, err
	}
	defer done(rows, &err)
	if !rows.Next() {
		return nil, absent(rows, t.name)
	}
	p := t.everything()
	return encoder{t, by.Form, tx}.row(nil, rows, &p)
}

// Delete removes a row.
func (t *Table) Delete(ctx context.Context, tx store.Tx, by By, id string) error {
	old, err := t.find(ctx, tx, id)
	if err != nil {
		return err
	}
	if err := t.authorize(by, perm.Delete, old); err != nil {
		return err
	}
	if len(t.links) == 0 {
		return t.erase(ctx, tx, old)
	}
	by.Unchanged = time.Time{}
	r := removal{tx: tx, by: by, gone: map[gone]bool{}}
	return r.remove(ctx, t, old)
}

// A found is what is known of a row that is about to change.
type found struct {
	seq, acl, updated int64
	perms             []byte
}

func readFound(rows store.Rows) found {
	return found{seq: rows.Int(seqAt), acl: rows.Int(aclAt), updated: rows.Int(updatedAt), perms: append([]byte(nil), rows.Text(permsAt)...)}
}

func (t *Table) find(ctx context.Context, tx store.Tx, id string) (old found, err error) {
	d := tx.Dialect()
	none := projection{}
	rows, err := tx.Query(ctx, t.selectOne(d, &none, idColumn)+lock(d), id)
	if err != nil {
		return found{}, err
	}
	defer done(rows, &err)
	if !rows.Next() {
		return found{}, absent(rows, id)
	}
	return readFound(rows), nil
}

// authorize tests whether the actor may do something with a row, and whether
// the row is still the one that the actor knows.
func (t *Table) authorize(by By, action perm.Actions, old found) error {
	if !t.allows(by.Actor, action, old.perms) {
		return &Error{Kind: Unauthorized, Message: `Missing "` + action.String() + `" permission for role "` + roleOf(by.Actor) + `".`}
	}
	if !by.Unchanged.IsZero() && by.Unchanged.UnixMilli() < old.updated {
		return &Error{Kind: RowChanged}
	}
	return nil
}

// roleOf is the role that an actor is known by, for messages.
func roleOf(actor *identity.Actor) string {
	if id := actor.UserID(); id != "" {
		return "user:" + id
	}
	return identity.RoleGuests
}
