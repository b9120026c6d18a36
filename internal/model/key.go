package model

// Key is an API key.
type Key struct {
	ID         string   `json:"$id"`
	CreatedAt  string   `json:"$createdAt"`
	UpdatedAt  string   `json:"$updatedAt"`
	Name       string   `json:"name"`
	Expire     string   `json:"expire"`
	Scopes     []string `json:"scopes"`
	Secret     string   `json:"secret"`
	AccessedAt string   `json:"accessedAt"`
	SDKs       []string `json:"sdks"`
}
