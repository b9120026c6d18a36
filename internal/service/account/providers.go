package account

import (
	"context"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
)

type providerParams struct {
	Provider string   `param:"provider" oneof:"amazon,apple,appwrite,auth0,authentik,autodesk,bitbucket,bitly,box,dailymotion,discord,disqus,dropbox,etsy,facebook,figma,fusionauth,github,gitlab,google,huggingface,keycloak,kick,linkedin,microsoft,notion,oidc,okta,paypal,paypalSandbox,podio,salesforce,slack,spotify,stripe,tradeshift,tradeshiftBox,twitch,wordpress,x,yahoo,yammer,yandex,zoho,zoom"`
	Success  string   `param:"success" min:"0" max:"2048" default:"\"\""`
	Failure  string   `param:"failure" min:"0" max:"2048" default:"\"\""`
	Scopes   []string `param:"scopes" max:"100" each:"4096" default:"[]"`
}

// refuse answers for a provider as for one that the project has not set up:
// none can be, yet.
func (s *Service) refuse(_ context.Context, call *api.Call, in providerParams) (api.Redirect, error) {
	if err := call.CheckURL("success", in.Success); err != nil {
		return api.Redirect{}, err
	}
	if err := call.CheckURL("failure", in.Failure); err != nil {
		return api.Redirect{}, err
	}
	return api.Redirect{}, apierr.ProjectProviderDisabled
}

func (s *Service) providers() []api.Endpoint {
	limit := api.Limit{N: 50, Keys: []string{"ip:{ip}"}}
	return []api.Endpoint{
		api.New(api.Spec{
			Name: "account.createOAuth2Session", Method: "GET", Path: "/v1/account/sessions/oauth2/{provider}", Status: 301,
			Summary: "Sign in at an OAuth2 provider.",
			Auth:    anyone, Scopes: []string{"sessions.write"}, Limit: limit, Rules: api.Rules{Page: true},
		}, s.refuse),
		api.New(api.Spec{
			Name: "account.createOAuth2Token", Method: "GET", Path: "/v1/account/tokens/oauth2/{provider}", Status: 301,
			Summary: "Sign in at an OAuth2 provider, for a token.",
			Auth:    anyone, Scopes: []string{"sessions.write"}, Limit: limit, Rules: api.Rules{Page: true},
		}, s.refuse),
	}
}
