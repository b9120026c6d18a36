package meta

import (
	"context"
	"maps"

	"moorfast/internal/api"
)

// sdks are the versions of SDKs that were current with this version of the API,
// by the names that clients ask for.
var sdks = map[string]string{
	"client-web":           "22.4.0",
	"client-flutter":       "21.4.0",
	"client-apple":         "14.3.0",
	"client-android":       "12.2.0",
	"client-react-native":  "0.24.0",
	"client-unity":         "0.1.0",
	"client-graphql":       "October 2021",
	"client-rest":          "",
	"console-web":          "22.4.0",
	"console-cli":          "13.5.0",
	"static-agent-skills":  "0.1.0",
	"static-cursor-plugin": "0.1.0",
	"static-claude-plugin": "0.1.0",
	"static-codex-plugin":  "0.1.1",
	"server-nodejs":        "22.0.1",
	"server-php":           "20.0.1",
	"server-python":        "15.1.0",
	"server-ruby":          "21.0.1",
	"server-go":            "v0.16.1",
	"server-dotnet":        "0.26.0",
	"server-dart":          "21.0.1",
	"server-kotlin":        "14.0.1",
	"server-swift":         "15.1.0",
	"server-rust":          "0.1.0",
	"server-graphql":       "October 2021",
	"server-rest":          "",
}

func (s *Service) versions(context.Context, *api.Call, none) (map[string]string, error) {
	all := maps.Clone(sdks)
	all["server"] = s.Version
	return all, nil
}
