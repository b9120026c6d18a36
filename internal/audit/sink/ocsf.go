package sink

import (
	"strings"

	"moorfast/internal/audit"
)

// The classes and activities of OCSF that records are.
const (
	ocsfVersion = "1.3.0"

	authentication = 3002
	apiActivity    = 6003

	otherActivity = 99
)

// activities are those of API activity, by the last word of an event.
var activities = map[string]int{"create": 1, "reveal": 2, "update": 3, "upsert": 3, "delete": 4}

// logons are those of authentication, by the event.
var logons = map[string]int{"session.create": 1, "session.delete": 2}

// activityNames are how OCSF calls them.
var activityNames = map[int]map[int]string{
	authentication: {1: "Logon", 2: "Logoff"},
	apiActivity:    {1: "Create", 2: "Read", 3: "Update", 4: "Delete"},
}

// ocsfActors are the types of users that actors are.
var ocsfActors = map[string]int{audit.User: 1, audit.Admin: 2, audit.System: 3, audit.Host: 3}

// OCSF returns a record as the Open Cybersecurity Schema Framework has it:
// sessions as authentication, and everything else as API activity. What it has no
// place for is in "unmapped".
func OCSF(e *audit.Entry) any {
	class, activity := classify(e)
	name := activityNames[class][activity]
	if name == "" {
		name = e.Event
	}
	o := m{
		"category_uid": class / 1000, "class_uid": class, "activity_id": activity, "activity_name": name, "type_uid": class*100 + activity,
		"time": e.At / 1000, "message": strings.TrimSpace(operation(e) + " " + e.Resource), "count": max(e.Count, 1),
		"severity_id": 1, "status_id": 1,
		"metadata": m{
			"version": ocsfVersion, "product": m{"name": "moorfast", "vendor_name": "moorfast"},
			"log_name": e.Log, "sequence": e.Position, "uid": e.Hash, "tenant_uid": e.Project,
		},
		"actor":        m{"user": ocsfUser(&e.Actor)},
		"src_endpoint": source(e),
		"unmapped":     unmapped(e),
	}
	if e.Outcome != "" {
		o["severity_id"], o["status_id"], o["status_code"] = 2, 2, e.Outcome
	}
	if e.UserAgent != "" {
		o["http_request"] = m{"user_agent": e.UserAgent}
	}
	if class == authentication {
		o["user"], o["service"] = ocsfUser(&e.Actor), m{"name": "moorfast"}
		return o
	}
	o["api"] = m{"operation": operation(e), "service": m{"name": "moorfast"}}
	if e.Resource != "" {
		kind, _, _ := strings.Cut(e.Resource, "/")
		o["resources"] = []m{{"uid": e.Resource, "type": kind}}
	}
	return o
}

func classify(e *audit.Entry) (class, activity int) {
	if activity, ok := logons[e.Event]; ok {
		return authentication, activity
	}
	word := e.Event[strings.LastIndexByte(e.Event, '.')+1:]
	if activity, ok := activities[word]; ok {
		return apiActivity, activity
	}
	if e.Event == "" && e.Outcome != "" { // a read that was refused
		return apiActivity, activities["reveal"]
	}
	return apiActivity, otherActivity
}

// operation is what was called, or what has happened without a call.
func operation(e *audit.Entry) string {
	if e.Endpoint != "" {
		return e.Endpoint
	}
	return e.Event
}

func ocsfUser(a *audit.Actor) m {
	u := m{"type_id": ocsfActors[a.Kind], "type": a.Kind}
	if a.Kind == audit.Key {
		u["type_id"] = 99
		u["credential_uid"] = a.ID
	}
	switch {
	case a.ID != "":
		u["uid"] = a.ID
	default:
		u["name"] = a.Kind
	}
	if a.Name != "" {
		u["name"] = a.Name
	}
	if a.Email != "" {
		u["email_addr"] = a.Email
	}
	return u
}

// source is where a call came from. What the program itself does comes from there.
func source(e *audit.Entry) m {
	if e.Address != "" {
		return m{"ip": e.Address}
	}
	return m{"svc_name": "moorfast"}
}

func unmapped(e *audit.Entry) m {
	u := m{"event": e.Event, "seq": e.Seq}
	if e.Actor.Impersonator != "" {
		u["impersonator"] = e.Actor.Impersonator
	}
	if e.SDK != "" {
		u["sdk"] = e.SDK
	}
	return u
}
