package users

import (
	"moorfast/internal/core/listing"
	"moorfast/internal/query"
)

// The tables that clients can list, with what they can filter and order by.
var (
	List = listing.Table{
		Name: usersTable, Resource: "User",
		Columns: map[string]listing.Column{
			"name":              {Name: "name", Type: query.Text},
			"email":             {Name: "email", Type: query.Text, Nullable: true},
			"phone":             {Name: "phone", Type: query.Text, Nullable: true},
			"status":            {Name: "status", Type: query.Boolean},
			"passwordUpdate":    {Name: "password_update", Type: query.Datetime, Nullable: true},
			"registration":      {Name: "registration", Type: query.Datetime},
			"emailVerification": {Name: "email_verification", Type: query.Boolean},
			"phoneVerification": {Name: "phone_verification", Type: query.Boolean},
			"labels":            {Name: "labels", Type: query.Text, Array: true},
			"impersonator":      {Name: "impersonator", Type: query.Boolean},
			"accessedAt":        {Name: "accessed_at", Type: query.Datetime},
		},
		Search: []string{"id", "email", "phone", "name", "labels"},
	}
	identityList = listing.Table{
		Name: identitiesTable, Resource: "Identity",
		Columns: map[string]listing.Column{
			"userId":                    {Name: "user_id", Type: query.Text},
			"provider":                  {Name: "provider", Type: query.Text},
			"providerUid":               {Name: "provider_uid", Type: query.Text},
			"providerEmail":             {Name: "provider_email", Type: query.Text},
			"providerAccessTokenExpiry": {Name: "access_token_expires_at", Type: query.Datetime, Nullable: true},
		},
		Search: []string{"id", "user_id", "provider", "provider_uid", "provider_email"},
	}
	TargetList = listing.Table{
		Name: targetsTable, Resource: "Target",
		Columns: map[string]listing.Column{
			"userId":       {Name: "user_id", Type: query.Text},
			"providerId":   {Name: "provider_id", Type: query.Text, Nullable: true},
			"identifier":   {Name: "identifier", Type: query.Text},
			"providerType": {Name: "provider_type", Type: query.Text},
		},
	}
)
