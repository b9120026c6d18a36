package teams

import (
	"moorfast/internal/core/listing"
	"moorfast/internal/query"
	"moorfast/internal/store/sqlb"
)

const (
	teamsTable       = "teams"
	membershipsTable = "memberships"
)

const ddl = `
CREATE TABLE teams (
	seq $serial, id $text NOT NULL, created_at $int NOT NULL, updated_at $int NOT NULL,
	name $text NOT NULL, total $int NOT NULL, prefs $text NOT NULL, labels $text NOT NULL
);
CREATE UNIQUE INDEX teams_id ON teams (id);

CREATE TABLE memberships (
	seq $serial, id $text NOT NULL, created_at $int NOT NULL, updated_at $int NOT NULL,
	team_id $text NOT NULL, user_id $text NOT NULL, roles $text NOT NULL,
	invited $int NOT NULL, joined $int, confirm $int NOT NULL,
	secret $text, sent_to $text NOT NULL, expires_at $int NOT NULL
);
CREATE UNIQUE INDEX memberships_id ON memberships (id);
CREATE UNIQUE INDEX memberships_team_user ON memberships (team_id, user_id);
CREATE INDEX memberships_user ON memberships (user_id);
`

// Tables returns the statements that make the tables of this package.
func Tables(d sqlb.Dialect) []string { return d.Statements(ddl) }

// The tables that clients can list, with what they can filter and order by.
var (
	List = listing.Table{
		Name: teamsTable, Resource: "Team",
		Columns: map[string]listing.Column{
			"name":  {Name: "name", Type: query.Text},
			"total": {Name: "total", Type: query.Integer},
		},
		Search: []string{"id", "name"},
	}
	MembershipList = listing.Table{
		Name: membershipsTable, Resource: "Membership",
		Columns: map[string]listing.Column{
			"userId":  {Name: "user_id", Type: query.Text},
			"teamId":  {Name: "team_id", Type: query.Text},
			"invited": {Name: "invited", Type: query.Datetime},
			"joined":  {Name: "joined", Type: query.Datetime, Nullable: true},
			"confirm": {Name: "confirm", Type: query.Boolean},
			"roles":   {Name: "roles", Type: query.Text, Array: true},
		},
		Search: []string{"id", "user_id"},
	}
)
