// Package password hashes passwords, verifies them, and says which ones are
// good enough.
//
// New hashes are Argon2id. Hashes that came with imported users are verified in
// their own algorithm, within bounds on what they may cost, and are meant to be
// replaced at the first login that succeeds; see [Hash.Outdated].
package password

import "encoding/json"

// Algorithm names how a password was hashed. The names are the contract's.
type Algorithm string

// The algorithms that can be verified. Only Argon2 is used for new hashes.
const (
	Argon2    Algorithm = "argon2"
	Bcrypt    Algorithm = "bcrypt"
	Scrypt    Algorithm = "scrypt"
	ScryptMod Algorithm = "scryptMod" // scrypt as Firebase uses it
	SHA       Algorithm = "sha"
	MD5       Algorithm = "md5"
	PHPass    Algorithm = "phpass"
)

// Hash is a hashed password as a row keeps it. All of it is sealed in the
// store: the options of some algorithms hold a salt or a key.
type Hash struct {
	Text    string  `json:"text"`
	Options Options `json:"options"`
}

// Options says how a password was hashed, as far as the text of the hash does
// not. Type is always set; the others belong to the algorithm named beside them.
type Options struct {
	Type Algorithm `json:"type"`

	MemoryCost int `json:"memoryCost,omitempty"` // argon2, KiB
	TimeCost   int `json:"timeCost,omitempty"`   // argon2
	Threads    int `json:"threads,omitempty"`    // argon2

	Version string `json:"version,omitempty"` // sha

	Salt         string `json:"salt,omitempty"` // scrypt; base64 in scryptMod
	CostCPU      int    `json:"costCpu,omitempty"`
	CostMemory   int    `json:"costMemory,omitempty"`
	CostParallel int    `json:"costParallel,omitempty"`
	Length       int    `json:"length,omitempty"`

	SaltSeparator string `json:"saltSeparator,omitempty"` // scryptMod, base64
	SignerKey     string `json:"signerKey,omitempty"`     // scryptMod, base64
}

// Model returns the options in the contract's shape for their algorithm, for
// keys and admins to see.
func (o Options) Model() any {
	switch o.Type {
	case Argon2:
		return struct {
			Type       Algorithm `json:"type"`
			MemoryCost int       `json:"memoryCost"`
			TimeCost   int       `json:"timeCost"`
			Threads    int       `json:"threads"`
		}{o.Type, o.MemoryCost, o.TimeCost, o.Threads}
	case Scrypt:
		return struct {
			Type         Algorithm `json:"type"`
			CostCPU      int       `json:"costCpu"`
			CostMemory   int       `json:"costMemory"`
			CostParallel int       `json:"costParallel"`
			Length       int       `json:"length"`
		}{o.Type, o.CostCPU, o.CostMemory, o.CostParallel, o.Length}
	case ScryptMod:
		return struct {
			Type          Algorithm `json:"type"`
			Salt          string    `json:"salt"`
			SaltSeparator string    `json:"saltSeparator"`
			SignerKey     string    `json:"signerKey"`
		}{o.Type, o.Salt, o.SaltSeparator, o.SignerKey}
	default:
		return struct {
			Type Algorithm `json:"type"`
		}{o.Type}
	}
}

// IsZero reports whether there is no password.
func (h Hash) IsZero() bool { return h.Text == "" }

// Marshal returns the text form of h that a sealed column holds.
func (h Hash) Marshal() string {
	b, err := json.Marshal(h)
	if err != nil {
		panic(err) // strings and numbers only
	}
	return string(b)
}

// Unmarshal reverses [Hash.Marshal]. The empty text is no password.
func Unmarshal(text string) (h Hash, err error) {
	if text == "" {
		return Hash{}, nil
	}
	err = json.Unmarshal([]byte(text), &h)
	return h, err
}
