package documents

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"moorfast/internal/id"
	"moorfast/internal/perm"
	"moorfast/internal/rawjson"
	"moorfast/internal/schema"
	"moorfast/internal/store"
)

// maxRelated is how many related rows one write names, all levels together.
const maxRelated = 5000

// A relating is what a client sent for a relationship of a row.
type relating struct {
	field   *field
	targets []target
}

// A target is one related row: the id of one that is there, or the data of one
// that is to be there afterwards.
type target struct {
	id   string // "": of a row that gets one
	data []byte // nil: only an id was sent
}

// relatings reads what a draft has for relationships. Behind the last level it
// is left out.
func (t *Table) relatings(by By, draft *schema.Draft) (list []relating, err error) {
	if len(t.links) == 0 || by.depth == maxDepth {
		return nil, nil
	}
	for i := range t.fields {
		f := &t.fields[i]
		if f.link == nil || !draft.Given[i] {
			continue
		}
		raw, _ := draft.Values[i].(schema.Related)
		r := relating{field: f}
		if r.targets, err = f.targets(raw); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}

func (f *field) wrong(problem string) error {
	return &Error{Kind: RelationInvalid, Name: f.column.Key, Message: `Invalid relationship value of "` + f.column.Key + `". ` + problem}
}

// targets reads the rows that a value names; those that it names twice once.
func (f *field) targets(raw []byte) (targets []target, err error) {
	if raw == nil {
		return nil, nil
	}
	list := rawjson.KindOf(raw) == rawjson.Array
	switch {
	case list && !f.link.Many():
		return nil, f.wrong("It must be a row, the id of one, or null.")
	case !list && f.link.Many():
		return nil, f.wrong("It must be a list of rows or of their ids.")
	case !list:
		t, err := f.target(raw)
		return []target{t}, err
	}
	seen := map[string]bool{}
	err = rawjson.Elements(raw, func(item []byte) error {
		t, err := f.target(item)
		switch {
		case err != nil:
			return err
		case t.id != "" && seen[t.id]:
			return nil
		case len(targets) == maxRelated:
			return f.tooMany()
		}
		seen[t.id] = true
		targets = append(targets, t)
		return nil
	})
	return targets, err
}

func (f *field) tooMany() error {
	return f.wrong(fmt.Sprintf("A row can be written with at most %d related rows.", maxRelated))
}

func (f *field) target(raw []byte) (t target, err error) {
	switch rawjson.KindOf(raw) {
	case rawjson.String:
		t.id, _ = rawjson.Text(raw)
	case rawjson.Object:
		t.data = raw
		_ = rawjson.Members(raw, func(name, value []byte) error {
			if string(name) == "$id" {
				t.id, _ = rawjson.Text(value)
				if t.id == "" && rawjson.KindOf(value) != rawjson.Null {
					err = f.wrong("An $id is not valid.")
				}
			}
			return nil
		})
		if t.id == "unique()" {
			t.id = ""
		}
		if t.id == "" {
			return t, err
		}
	default:
		return t, f.wrong("A related row is an object, or its id.")
	}
	if !id.Valid(t.id) {
		return t, f.wrong("An id is not valid.")
	}
	return t, err
}

// linked returns which of the rows with ids a row is related to.
func (l *link) linked(ctx context.Context, tx store.Tx, seq int64, targets []target) (map[string]int64, error) {
	ids := make([]string, 0, len(targets))
	for _, t := range targets {
		if t.id != "" {
			ids = append(ids, t.id)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	d := tx.Dialect()
	return l.read(ctx, tx, eachText(d)+` CROSS JOIN `+d.Name(l.rows)+` AS r CROSS JOIN `+d.Name(l.name)+` AS l WHERE r.`+d.Name(idColumn)+
		` = j.value AND l.`+l.own+` = ? AND l.`+l.other+` = r.`+d.Name(seqColumn), string(jsonTexts(ids)), seq)
}

// read returns ids and numbers of rows "r".
func (l *link) read(ctx context.Context, tx store.Tx, from string, args ...any) (found map[string]int64, err error) {
	d := tx.Dialect()
	rows, err := tx.Query(ctx, `SELECT r.`+d.Name(idColumn)+`, r.`+d.Name(seqColumn)+` FROM `+from, args...)
	if err != nil {
		return nil, fmt.Errorf("read rows of %s: %w", l.name, err)
	}
	defer done(rows, &err)
	found = map[string]int64{}
	for rows.Next() {
		found[string(rows.Text(0))] = rows.Int(1)
	}
	return found, rows.Err()
}

// relinks reports whether a row is going to be related to other rows than now.
func relinks(ctx context.Context, tx store.Tx, seq int64, list []relating) (bool, error) {
	for _, r := range list {
		l := r.field.link
		now, err := l.linked(ctx, tx, seq, r.targets)
		if err != nil || len(now) != len(r.targets) {
			return true, err
		}
		n, _, err := one(ctx, tx, `SELECT count(*) FROM (SELECT 1 FROM `+tx.Dialect().Name(l.name)+` WHERE `+l.own+` = ?`+bounds(len(now)+1, 0)+`) AS capped`, seq)
		if err != nil || n != int64(len(now)) {
			return true, err
		}
	}
	return false, nil
}

// relate makes a row related to what a client sent, and writes the rows that
// came as a whole.
func (t *Table) relate(ctx context.Context, tx store.Tx, by By, seq int64, list []relating) error {
	by = by.inside()
	for _, r := range list {
		if *by.left -= len(r.targets); *by.left < 0 {
			return r.field.tooMany()
		}
		if err := t.relateOne(ctx, tx, by, seq, r); err != nil {
			return err
		}
	}
	return nil
}

// inside is who asks, one relation further.
func (by By) inside() By {
	if by.left == nil {
		left := maxRelated
		by.left = &left
	}
	by.changing, by.depth = true, by.depth+1
	return by
}

func (t *Table) relateOne(ctx context.Context, tx store.Tx, by By, seq int64, r relating) error {
	l := r.field.link
	if len(r.targets) == 0 {
		return l.cut(ctx, tx, seq, nil)
	}
	now, err := l.linked(ctx, tx, seq, r.targets)
	if err != nil {
		return err
	}
	related, err := t.related(ctx, tx, by, l)
	switch {
	case err != nil:
		return err
	case related == nil:
		return r.field.wrong("There is no such row.")
	}
	var stay, come []int64
	for _, target := range r.targets {
		_, already := now[target.id]
		other, err := related.settle(ctx, tx, by, r.field, target, already)
		if err != nil {
			return err
		}
		stay = append(stay, other)
		// A row that came as a whole may have said itself what it is related to; the
		// row that it came in has the last word.
		if !already || target.data != nil {
			come = append(come, other)
		}
	}
	if err := l.cut(ctx, tx, seq, stay); err != nil {
		return err
	}
	for _, other := range come {
		if err := l.join(ctx, tx, seq, other); err != nil {
			return err
		}
	}
	return nil
}

// settle returns the number of a row that another is about to be related to,
// after it was written where data came for it.
func (t *Table) settle(ctx context.Context, tx store.Tx, by By, f *field, to target, already bool) (int64, error) {
	by.Unchanged = time.Time{} // is about the row that the call is for
	made := false
	if to.data != nil {
		row, err := by.inner(f, to)
		if err != nil {
			return 0, err
		}
		made = to.id == ""
		to.id = row.ID
		if !made {
			_, err = t.find(ctx, tx, row.ID)
			made = isKind(err, NoRow)
		}
		if made {
			_, err = t.Create(ctx, tx, by, row)
		} else if err == nil {
			_, err = t.Update(ctx, tx, by, row)
		}
		if err != nil {
			return 0, err
		}
	}
	row, err := t.find(ctx, tx, to.id)
	switch {
	case isKind(err, NoRow):
		return 0, f.wrong("There is no such row.")
	case err != nil:
		return 0, err
	case made || already:
		return row.seq, nil
	case !t.allows(by.Actor, perm.Read, row.perms):
		return 0, f.wrong("There is no such row.")
	case f.link.OwnsOther():
		return row.seq, t.authorize(by, perm.Update, row)
	}
	return row.seq, nil
}

func isKind(err error, kind Kind) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == kind
}

// inner is the row that a client sent inside of another.
func (by By) inner(f *field, to target) (row Row, err error) {
	row = Row{ID: to.id, Data: to.data}
	if row.ID == "" {
		row.ID = by.NewID()
	}
	err = rawjson.Members(to.data, func(name, value []byte) error {
		if string(name) != "$permissions" || rawjson.KindOf(value) == rawjson.Null {
			return nil
		}
		var list []string
		if json.Unmarshal(value, &list) != nil {
			return f.wrong("The $permissions are no list of texts.")
		}
		if err := perm.Check(list, perm.Row); err != nil {
			return f.wrong(err.Error())
		}
		set := perm.New(list, perm.Row)
		row.Permissions = &set
		return nil
	})
	return row, err
}

// cut makes a row related to no others than those that stay.
func (l *link) cut(ctx context.Context, tx store.Tx, own int64, stay []int64) error {
	d := tx.Dialect()
	_, err := tx.Exec(ctx, `DELETE FROM `+d.Name(l.name)+` WHERE `+l.own+` = ? AND `+l.other+` NOT IN (SELECT j.value FROM `+eachInt(d)+`)`, own, jsonInts(stay))
	if err != nil {
		return fmt.Errorf("cut rows of %s: %w", l.name, err)
	}
	return nil
}

func jsonInts(list []int64) string {
	text := []byte{'['}
	for i, n := range list {
		if i > 0 {
			text = append(text, ',')
		}
		text = strconv.AppendInt(text, n, 10)
	}
	return string(append(text, ']'))
}

// join relates two rows. A row that can be related to one is taken from the one
// before, unless that one can be related to no other either.
func (l *link) join(ctx context.Context, tx store.Tx, own, other int64) error {
	name := tx.Dialect().Name(l.name)
	before, args := l.own+` = ? AND `+l.other+` = ?`, []any{own, other}
	if l.Type == schema.OneToMany || l.Type == schema.ManyToOne {
		before, args = l.own+` = ?`, []any{own}
		if l.Many() {
			before, args = l.other+` = ?`, []any{other}
		}
	}
	if _, err := tx.Exec(ctx, `DELETE FROM `+name+` WHERE `+before, args...); err != nil {
		return fmt.Errorf("cut rows of %s: %w", l.name, err)
	}
	_, err := tx.Exec(ctx, `INSERT INTO `+name+` (`+l.own+`, `+l.other+`) VALUES (?, ?)`, own, other)
	if errors.Is(err, store.ErrConflict) {
		return &Error{Kind: RowExists, Message: "The row is related to another one already.", cause: err}
	}
	if err != nil {
		return fmt.Errorf("join rows of %s: %w", l.name, err)
	}
	return nil
}

// apply makes a change, and relates the row to others.
func (t *Table) apply(ctx context.Context, tx store.Tx, by By, id string, c change) ([]byte, error) {
	if len(c.related) == 0 {
		return t.applyOwn(ctx, tx, by, id, c)
	}
	differs, err := relinks(ctx, tx, c.old.seq, c.related)
	if err != nil {
		return nil, err
	}
	if differs {
		c.touch(by)
	}
	row, err := t.applyOwn(ctx, tx, by, id, c)
	if err != nil {
		return nil, err
	}
	return t.withRelated(ctx, tx, by, c.old.seq, row, c.related)
}

// withRelated relates a row that was written, and shows of the others what the
// client sent.
func (t *Table) withRelated(ctx context.Context, tx store.Tx, by By, seq int64, row []byte, list []relating) ([]byte, error) {
	if len(list) == 0 {
		return row, nil
	}
	if err := t.relate(ctx, tx, by, seq, list); err != nil {
		return nil, err
	}
	if by.depth > 0 { // nobody sees it
		return row, nil
	}
	by.changing = true
	selects := []string{}
	for _, r := range list {
		selects = r.echo(selects, "", 0)
	}
	shapes, err := t.echoes(ctx, tx, by, selects, 0)
	if err != nil {
		return nil, err
	}
	return t.expanded(ctx, tx, by, seq, row, shapes)
}

// echo selects what came for a relationship, and what may be relationships of
// the rows in it.
func (r relating) echo(selects []string, prefix string, depth int) []string {
	key := prefix + r.field.column.Key
	selects = append(selects, key+".*")
	for _, t := range r.targets {
		selects = echoMembers(selects, key+".", t.data, depth+1)
	}
	return selects
}

func echoMembers(selects []string, prefix string, data []byte, depth int) []string {
	if data == nil || depth == maxDepth {
		return selects
	}
	_ = rawjson.Members(data, func(name, value []byte) error {
		key := prefix + string(name)
		switch rawjson.KindOf(value) {
		case rawjson.Object:
			if !slices.Contains(selects, key+".*") {
				selects = append(selects, key+".*")
			}
			selects = echoMembers(selects, key+".", value, depth+1)
		case rawjson.Array:
			if !slices.Contains(selects, key+".*") {
				selects = append(selects, key+".*")
			}
			return rawjson.Elements(value, func(item []byte) error {
				if rawjson.KindOf(item) == rawjson.Object {
					selects = echoMembers(selects, key+".", item, depth+1)
				}
				return nil
			})
		}
		return nil
	})
	return selects
}

// echoes is [Table.shapes] for selects that may name what is no relationship.
func (t *Table) echoes(ctx context.Context, tx store.Tx, by By, selects []string, depth int) (shapes []*shape, err error) {
	for i := range t.fields {
		f := &t.fields[i]
		if f.link == nil || depth == maxDepth {
			continue
		}
		behind, _ := behind(selects, f.column.Key)
		if len(behind) == 0 {
			continue
		}
		s := &shape{link: f.link, key: f.key}
		shapes = append(shapes, s)
		if s.table, err = t.related(ctx, tx, by, f.link); err != nil || s.table == nil {
			continue
		}
		s.fields = s.table.everything()
		if s.next, err = s.table.echoes(ctx, tx, by, behind, depth+1); err != nil {
			return nil, err
		}
	}
	return shapes, err
}
