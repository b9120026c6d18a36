package server

import (
	"moorfast/internal/audit"
	"moorfast/internal/core/documents"
	"moorfast/internal/core/files"
	"moorfast/internal/core/peers"
	"moorfast/internal/core/projects"
	"moorfast/internal/core/teams"
	"moorfast/internal/core/users"
	"moorfast/internal/store"
	"moorfast/internal/store/migrate"
)

// Migrations lists what the database of a project needs. They are only ever
// added: a number that was released stays what it is.
func Migrations(project string) []migrate.Migration {
	if project == store.Platform {
		return platformMigrations
	}
	return projectMigrations
}

var (
	platformMigrations = []migrate.Migration{
		{Number: 1, Name: "projects", SQL: projects.PlatformTables},
		{Number: 2, Name: "users", SQL: users.Tables},
		{Number: 3, Name: "teams", SQL: teams.Tables},
		{Number: 4, Name: "audit", SQL: audit.PlatformTables},
		{Number: 5, Name: "audit settings", SQL: audit.SettingsTables},
		{Number: 6, Name: "counts of nodes", SQL: peers.Tables},
		{Number: 7, Name: "audit tree", SQL: audit.TreeTables},
	}
	projectMigrations = []migrate.Migration{
		{Number: 1, Name: "settings", SQL: projects.Tables},
		{Number: 2, Name: "users", SQL: users.Tables},
		{Number: 3, Name: "teams", SQL: teams.Tables},
		{Number: 4, Name: "documents", SQL: documents.Tables},
		{Number: 5, Name: "files", SQL: files.Tables},
		{Number: 6, Name: "transactions", SQL: documents.TransactionTables},
		{Number: 7, Name: "relations", SQL: documents.RelationTables},
		{Number: 8, Name: "audit", SQL: audit.Tables},
		{Number: 9, Name: "key secrets", SQL: projects.SecretTables},
		{Number: 10, Name: "key networks", SQL: projects.KeyNetworks},
	}
)
