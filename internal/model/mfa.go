package model

// MFAType is a new authenticator: what an app that makes codes is given.
type MFAType struct {
	Secret string `json:"secret"`
	URI    string `json:"uri"`
}

// MFAFactors are the factors that a user has set up.
type MFAFactors struct {
	TOTP         bool `json:"totp"`
	Phone        bool `json:"phone"`
	Email        bool `json:"email"`
	RecoveryCode bool `json:"recoveryCode"`
	Custom       bool `json:"custom"`
}

// MFARecoveryCodes are a user's codes for when nothing else is at hand.
type MFARecoveryCodes struct {
	RecoveryCodes []string `json:"recoveryCodes"`
}

// MFAChallenge is a question that a factor answers.
type MFAChallenge struct {
	ID        string `json:"$id"`
	CreatedAt string `json:"$createdAt"`
	UserID    string `json:"userId"`
	Expire    string `json:"expire"`
}

// MFAChallengeSecret is a challenge with its answer, for a server that delivers
// it itself.
type MFAChallengeSecret struct {
	MFAChallenge
	Code string `json:"code"`
}
