package config

import (
	"slices"

	"moorfast/internal/vault"
)

// Value is a setting in effect.
type Value struct {
	Key  string `json:"key"`
	Text string `json:"value"`  // or "[secret]"
	From string `json:"origin"` // "default", or the name it was found under
	Doc  string `json:"doc"`

	set vault.Secret // what it was set to
}

// Settings returns what is set, secrets included, by the names of the settings.
// It is to tell whether something was changed, and for nobody's eyes.
func (c Config) Settings() map[string]vault.Secret {
	all := make(map[string]vault.Secret, len(c.values))
	for _, v := range c.values {
		all[v.Key] = v.set
	}
	return all
}

// Describe lists the settings in effect, in the order of the table.
func (c Config) Describe() []Value { return slices.Clone(c.values) }

// Unused is a setting that is set and does nothing here.
type Unused struct {
	Name string `json:"name"` // under which it was found
	Why  string `json:"why"`
}

// Unused lists the settings that are set and do nothing in this version, and
// what that means.
func (c Config) Unused() []Unused { return slices.Clone(c.unused) }

// Flags lists the keys of the settings that have a flag: --insecure-dev is
// "insecure_dev".
func Flags() []string {
	var keys []string
	for _, row := range new(Config).settings() {
		if row.flag {
			keys = append(keys, row.key)
		}
	}
	return keys
}
