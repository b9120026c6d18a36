package model

// Log is one thing that somebody did.
type Log struct {
	Event               string `json:"event"`
	UserID              string `json:"userId"`
	UserEmail           string `json:"userEmail"`
	UserName            string `json:"userName"`
	Mode                string `json:"mode"`
	UserType            string `json:"userType"`
	IP                  string `json:"ip"`
	Time                string `json:"time"`
	OSCode              string `json:"osCode"`
	OSName              string `json:"osName"`
	OSVersion           string `json:"osVersion"`
	ClientType          string `json:"clientType"`
	ClientCode          string `json:"clientCode"`
	ClientName          string `json:"clientName"`
	ClientVersion       string `json:"clientVersion"`
	ClientEngine        string `json:"clientEngine"`
	ClientEngineVersion string `json:"clientEngineVersion"`
	DeviceName          string `json:"deviceName"`
	DeviceBrand         string `json:"deviceBrand"`
	DeviceModel         string `json:"deviceModel"`
	CountryCode         string `json:"countryCode"`
	CountryName         string `json:"countryName"`
}

// LogList is a page of logs.
type LogList struct {
	Total int   `json:"total"`
	Logs  []Log `json:"logs"`
}

// ActivityEvent is one thing that somebody did in a project. What is not known
// of the network that it came from is empty.
type ActivityEvent struct {
	ID                           string `json:"$id"`
	ActorType                    string `json:"actorType"`
	ActorID                      string `json:"actorId"`
	ActorEmail                   string `json:"actorEmail"`
	ActorName                    string `json:"actorName"`
	ResourceParent               string `json:"resourceParent"`
	ResourceType                 string `json:"resourceType"`
	ResourceID                   string `json:"resourceId"`
	Resource                     string `json:"resource"`
	Event                        string `json:"event"`
	UserAgent                    string `json:"userAgent"`
	IP                           string `json:"ip"`
	Mode                         string `json:"mode"`
	Country                      string `json:"country"`
	ContinentCode                string `json:"continentCode"`
	City                         string `json:"city"`
	Subdivisions                 string `json:"subdivisions"`
	ISP                          string `json:"isp"`
	AutonomousSystemNumber       string `json:"autonomousSystemNumber"`
	AutonomousSystemOrganization string `json:"autonomousSystemOrganization"`
	ConnectionType               string `json:"connectionType"`
	ConnectionUsageType          string `json:"connectionUsageType"`
	ConnectionOrganization       string `json:"connectionOrganization"`
	Time                         string `json:"time"`
	ProjectID                    string `json:"projectId"`
	TeamID                       string `json:"teamId"`
	Hostname                     string `json:"hostname"`
	SDK                          string `json:"sdk"`
	SDKVersion                   string `json:"sdkVersion"`
}

// ActivityEventList is a page of events.
type ActivityEventList struct {
	Total  int             `json:"total"`
	Events []ActivityEvent `json:"events"`
}
