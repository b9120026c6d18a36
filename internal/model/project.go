package model

// Project is a project.
type Project struct {
	ID                string         `json:"$id"`
	CreatedAt         string         `json:"$createdAt"`
	UpdatedAt         string         `json:"$updatedAt"`
	Name              string         `json:"name"`
	TeamID            string         `json:"teamId"`
	Region            string         `json:"region"`
	DevKeys           []struct{}     `json:"devKeys"` // there are none any more
	SMTPEnabled       bool           `json:"smtpEnabled"`
	SMTPSenderName    string         `json:"smtpSenderName"`
	SMTPSenderEmail   string         `json:"smtpSenderEmail"`
	SMTPReplyToName   string         `json:"smtpReplyToName"`
	SMTPReplyToEmail  string         `json:"smtpReplyToEmail"`
	SMTPHost          string         `json:"smtpHost"`
	SMTPPort          int            `json:"smtpPort"`
	SMTPUsername      string         `json:"smtpUsername"`
	SMTPPassword      string         `json:"smtpPassword"`
	SMTPSecure        string         `json:"smtpSecure"`
	PingCount         int64          `json:"pingCount"`
	PingedAt          string         `json:"pingedAt"`
	Labels            []string       `json:"labels"`
	Status            string         `json:"status"`
	Onboarding        []struct{}     `json:"onboarding"`
	AuthMethods       []Switch       `json:"authMethods"`
	Services          []Switch       `json:"services"`
	Protocols         []Switch       `json:"protocols"`
	Blocks            []struct{}     `json:"blocks"`
	ConsoleAccessedAt string         `json:"consoleAccessedAt"`
	WAFEnabled        bool           `json:"wafEnabled"`
	more              map[string]any // see Legacy
}

// Switch is something that can be switched off.
type Switch struct {
	ID      string `json:"$id"`
	Enabled bool   `json:"enabled"`
}

// WithLegacy returns the project with what older formats show besides.
func (p Project) WithLegacy(more map[string]any) Project {
	p.more = more
	return p
}

// Legacy is what older formats show of the project besides.
func (p Project) Legacy() []map[string]any { return []map[string]any{p.more} }

// ProjectList is a page of projects.
type ProjectList struct {
	Total    int       `json:"total"`
	Projects []Project `json:"projects"`
}

// Legacy is what older formats show of the projects besides.
func (l ProjectList) Legacy() []map[string]any {
	more := make([]map[string]any, len(l.Projects))
	for i, p := range l.Projects {
		more[i] = p.more
	}
	return more
}
