package api

import (
	"context"
	"reflect"
	"strings"

	"moorfast/internal/audit"
	"moorfast/internal/identity"
	"moorfast/internal/store"
)

// record is what becomes of the audit record of a call.
type record struct {
	done    bool   // it was committed
	later   bool   // the change that it is of is not made yet
	place   string // the project whose log it is in
	subject *audit.Actor
}

// Subject says which user a call is about, where its parameters do not: one who
// signs in, or who is found by an address. It becomes the actor of the record if
// nobody else is, and fills the hole "{userId}".
func (c *Call) Subject(id, name, email string) {
	c.record.subject = &audit.Actor{Kind: audit.User, ID: id, Name: name, Email: email}
}

// Part says whether the call makes only a part of the change that its endpoint is
// for, such as a part of an upload, which has no record of its own.
func (c *Call) Part(is bool) { c.record.later = is }

// records tells whether a transaction of the call is to carry its record.
func (c *Call) records() bool {
	return c.units.Audit != nil && !c.record.done && !c.record.later && c.endpoint != nil && c.endpoint.Audit.Event != ""
}

func (c *Call) recorded(project string) {
	c.record.done, c.record.place = true, project
	c.units.Audit.Committed(project)
}

// Record is what the audit log says of the call, with the type of the error that
// it ended with, or "".
func (c *Call) Record(outcome string) audit.Record {
	r := audit.Record{
		At: c.units.Now().UnixMicro(), Project: c.Project.ID, Outcome: outcome,
		Actor: actorOf(c.Actor), UserAgent: c.Client.UserAgent, SDK: c.Client.SDK,
	}
	if c.Client.Addr.IsValid() {
		r.Address = c.Client.Addr.String()
	}
	if s := c.record.subject; s != nil && r.Actor.Kind == audit.Guest && outcome == "" {
		r.Actor = *s
	}
	r.Actor.Email = c.units.Audit.Email(r.Actor.Email)
	if e := c.endpoint; e != nil {
		r.Event, r.Resource, r.Endpoint = e.Audit.Event, c.fill(e.Audit.Resource), e.Name
	}
	return r
}

func actorOf(a identity.Actor) audit.Actor {
	switch {
	case a.KeyID != "":
		return audit.Actor{Kind: audit.Key, ID: a.KeyID}
	case a.User == nil:
		return audit.Actor{Kind: audit.Guest}
	}
	by := audit.Actor{Kind: audit.User, ID: a.User.ID, Name: a.User.Name, Email: a.User.Email}
	if a.Kind == identity.Admin {
		by.Kind = audit.Admin
	}
	if a.Impersonator != nil {
		by.Impersonator = a.Impersonator.ID
	}
	return by
}

// fill fills the holes of a resource, such as "team/{teamId}". What nothing fills
// is "-".
func (c *Call) fill(pattern string) string {
	before, rest, ok := strings.Cut(pattern, "{")
	if !ok {
		return pattern
	}
	var b strings.Builder
	for ok {
		b.WriteString(before)
		var name string
		name, rest, _ = strings.Cut(rest, "}")
		if v := c.hole(name); v != "" {
			b.WriteString(v)
		} else {
			b.WriteByte('-')
		}
		before, rest, ok = strings.Cut(rest, "{")
	}
	b.WriteString(before)
	return b.String()
}

func (c *Call) hole(name string) string {
	switch name {
	case "user.$id":
		return c.Actor.UserID()
	case "projectId":
		return c.Project.ID
	case "userId", "response.userId":
		if c.record.subject != nil {
			return c.record.subject.ID
		}
		name = "userId"
	}
	// The bound parameter is asked first: it has the id that was chosen.
	for i := range c.endpoint.In.List {
		p := &c.endpoint.In.List[i]
		if p.Name == name && c.in.IsValid() && c.in.Field(p.index).Kind() == reflect.String {
			return c.in.Field(p.index).String()
		}
	}
	return c.Param(name)
}

// Also adds a record to a transaction of the call: of something that goes with what
// its endpoint is for, such as the projects of an organization that is removed.
func (c *Call) Also(ctx context.Context, tx store.Tx, project, event, resource string) error {
	if c.units.Audit == nil {
		return nil
	}
	r := c.Record("")
	r.Project, r.Event, r.Resource = project, event, resource
	place := tx.Project()
	tx.OnCommit(func() { c.units.Audit.Committed(place) })
	return audit.Append(ctx, tx, r)
}

// Recorded tells whether the record of the call was committed.
func (c *Call) Recorded() bool { return c.record.done }

// Settle writes the record of a call that has succeeded and has not written one,
// because it had no transaction to carry it.
func (c *Call) Settle(ctx context.Context) error {
	if !c.records() {
		return nil
	}
	c.record.done, c.record.place = true, c.Project.ID
	err := c.units.Audit.Note(ctx, c.Project.ID, c.Record(""))
	if err != nil && c.units.Audit.Forgo(c.Project.ID, err) {
		return nil
	}
	return err
}

// Failed notes how a call has ended that was refused, or that failed after its
// record was committed.
func (c *Call) Failed(ctx context.Context, outcome string) error {
	if !c.record.done {
		c.units.Audit.Refuse(c.Project.ID, c.Record(outcome))
		return nil
	}
	return c.units.Audit.Note(context.WithoutCancel(ctx), c.record.place, c.Record(outcome))
}
