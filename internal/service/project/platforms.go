package project

import (
	"context"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/projects"
	"moorfast/internal/model"
	"moorfast/internal/project"
	"moorfast/internal/store"
)

// native are the kinds of platforms that are known by an identifier, and what
// clients call that.
var native = []struct {
	kind, title string
	field       string // of the parameter and the model
}{
	{project.Android, "Android", "applicationId"},
	{project.Apple, "Apple", "bundleIdentifier"},
	{project.Linux, "Linux", "packageName"},
	{project.Windows, "Windows", "packageIdentifierName"},
}

func (s *Service) platforms() []api.Endpoint {
	path, alias := "/v1/project/platforms", "/v1/projects/{projectId}/platforms"
	created := api.Audit{Event: "project.platform.create", Resource: "project.platform/{platformId}"}
	updated := api.Audit{Event: "project.platform.update", Resource: "project.platform/{platformId}"}
	list := []api.Endpoint{
		api.New(api.Spec{
			Name: "project.listPlatforms", Method: "GET", Path: path, Aliases: []string{alias}, Model: "platformList",
			Summary: "List the platforms of the project.",
			Auth:    adminsAndKeys, Scopes: []string{"platforms.read"}, Rules: rules,
		}, s.listPlatforms),
		api.New(api.Spec{
			Name: "project.getPlatform", Method: "GET", Path: path + "/{platformId}", Aliases: []string{alias + "/{platformId}"}, Model: "platform",
			Summary: "Get a platform.",
			Auth:    adminsAndKeys, Scopes: []string{"platforms.read"}, Rules: rules,
		}, s.getPlatform),
		api.New(api.Spec{
			Name: "project.deletePlatform", Method: "DELETE", Path: path + "/{platformId}", Aliases: []string{alias + "/{platformId}"},
			Summary: "Delete a platform. Its origin is no longer the project's.",
			Auth:    adminsAndKeys, Scopes: []string{"platforms.write"}, Rules: rules,
			Event: "platforms.[platformId].delete",
			Audit: api.Audit{Event: "project.platform.delete", Resource: "project.platform/{platformId}"},
		}, s.deletePlatform),
		api.New(api.Spec{
			Name: "project.createWebPlatform", Method: "POST", Path: path + "/web", Aliases: []string{alias}, Status: 201, Model: "platformWeb",
			Summary: "Add a web platform, whose host may then call from a browser.",
			Auth:    adminsAndKeys, Scopes: []string{"platforms.write"}, Rules: rules,
			Event: "platforms.[platformId].create", Audit: created,
		}, s.createWeb),
		api.New(api.Spec{
			Name: "project.updateWebPlatform", Method: "PUT", Path: path + "/web/{platformId}", Aliases: []string{alias + "/{platformId}"}, Model: "platformWeb",
			Summary: "Change a web platform.",
			Auth:    adminsAndKeys, Scopes: []string{"platforms.write"}, Rules: rules,
			Event: "platforms.[platformId].update", Audit: updated,
		}, s.updateWeb),
	}
	for _, n := range native {
		words := map[string]string{"key": n.field}
		list = append(list,
			api.New(api.Spec{
				Name: "project.create" + n.title + "Platform", Method: "POST", Path: path + "/" + n.kind, Status: 201, Model: "platform" + n.title,
				Summary: "Add a platform of " + n.title + " apps.",
				Auth:    adminsAndKeys, Scopes: []string{"platforms.write"}, Rules: rules, Words: words,
				Event: "platforms.[platformId].create", Audit: created,
			}, func(ctx context.Context, call *api.Call, in newApp) (platform, error) {
				return s.create(ctx, call, in.PlatformID, projects.Platform{Type: n.kind, Name: in.Name, Key: in.Key})
			}),
			api.New(api.Spec{
				Name: "project.update" + n.title + "Platform", Method: "PUT", Path: path + "/" + n.kind + "/{platformId}", Model: "platform" + n.title,
				Summary: "Change a platform of " + n.title + " apps.",
				Auth:    adminsAndKeys, Scopes: []string{"platforms.write"}, Rules: rules, Words: words,
				Event: "platforms.[platformId].update", Audit: updated,
			}, func(ctx context.Context, call *api.Call, in app) (platform, error) {
				return s.update(ctx, call, in.PlatformID, projects.Platform{Type: n.kind, Name: in.Name, Key: in.Key})
			}))
	}
	return list
}

type (
	newApp struct {
		PlatformID api.NewID `param:"platformId"`
		Name       string    `param:"name" max:"128" blank:"false"`
		Key        string    `param:"key" max:"256" blank:"false"`
	}
	app struct {
		PlatformID api.ID `param:"platformId"`
		Name       string `param:"name" max:"128" blank:"false"`
		Key        string `param:"key" max:"256" blank:"false"`
	}
	newWeb struct {
		PlatformID api.NewID    `param:"platformId"`
		Name       string       `param:"name" max:"128" blank:"false"`
		Hostname   api.Hostname `param:"hostname" default:"\"\""`
		Key        string       `param:"key" default:"\"\"" max:"256" blank:"false"`
		Type       string       `param:"type" default:"\"\"" max:"256" blank:"false" doc:"An older kind of platform, such as flutter-ios."`
	}
	web struct {
		PlatformID api.ID       `param:"platformId"`
		Name       string       `param:"name" max:"128" blank:"false"`
		Hostname   api.Hostname `param:"hostname" default:"\"\""`
		Key        string       `param:"key" default:"\"\"" max:"256" blank:"false"`
	}
)

// older tells that a call came by the older path, which platforms of all kinds
// had in common, and which names the project.
func older(call *api.Call) bool { return call.Param("projectId") != "" }

func (s *Service) createWeb(ctx context.Context, call *api.Call, in newWeb) (platform, error) {
	typ := in.Type
	if typ == "" {
		typ = project.Web
	}
	switch project.Kind(typ) {
	case project.Web:
		if in.Hostname == "" && !older(call) {
			return nil, apierr.ArgumentInvalid.Detail(`Param "hostname" is not optional.`)
		}
	case project.Apple, project.Android, project.Windows, project.Linux:
	default:
		return nil, api.Invalid("type", api.Reject("Value must be one of the types of platforms"))
	}
	return s.create(ctx, call, in.PlatformID, projects.Platform{Type: typ, Name: in.Name, Hostname: string(in.Hostname), Key: in.Key})
}

func (s *Service) create(ctx context.Context, call *api.Call, id api.NewID, row projects.Platform) (platform, error) {
	row.ID, row.CreatedAt, row.UpdatedAt = string(id), call.Micros(), call.Micros()
	return api.Write(ctx, call, func(tx store.Tx) (platform, error) {
		return platformModel(row), s.Projects.InsertPlatform(ctx, tx, &row)
	})
}

func (s *Service) updateWeb(ctx context.Context, call *api.Call, in web) (platform, error) {
	return s.update(ctx, call, in.PlatformID, projects.Platform{Type: project.Web, Name: in.Name, Hostname: string(in.Hostname), Key: in.Key})
}

// update changes a platform of the kind that change is of. The endpoint of web
// platforms is also that of all on the older path, and of the older types.
func (s *Service) update(ctx context.Context, call *api.Call, id api.ID, change projects.Platform) (platform, error) {
	return api.Write(ctx, call, func(tx store.Tx) (platform, error) {
		row, err := projects.GetPlatform(ctx, tx, string(id))
		if err != nil {
			return nil, err
		}
		kind := project.Kind(row.Type)
		all := change.Type == project.Web && (row.Type != kind || older(call))
		if kind != change.Type && !all {
			return nil, apierr.PlatformMethodUnsupported
		}
		row.Name, row.Hostname, row.Key, row.UpdatedAt = change.Name, change.Hostname, change.Key, call.Micros()
		return platformModel(row), s.Projects.UpdatePlatform(ctx, tx, &row)
	})
}

type platformParams struct {
	PlatformID api.ID `param:"platformId"`
}

func (s *Service) getPlatform(ctx context.Context, call *api.Call, in platformParams) (platform, error) {
	return api.Read(ctx, call, func(tx store.Tx) (platform, error) {
		row, err := projects.GetPlatform(ctx, tx, string(in.PlatformID))
		return platformModel(row), err
	})
}

func (s *Service) deletePlatform(ctx context.Context, call *api.Call, in platformParams) (api.None, error) {
	return api.Write(ctx, call, func(tx store.Tx) (api.None, error) {
		return api.None{}, s.Projects.DeletePlatform(ctx, tx, string(in.PlatformID))
	})
}

type platformList struct {
	Total     int        `json:"total"`
	Platforms []platform `json:"platforms"`
}

func (s *Service) listPlatforms(ctx context.Context, call *api.Call, in listParams) (platformList, error) {
	return api.Read(ctx, call, func(tx store.Tx) (platformList, error) {
		rows, total, err := projects.ListPlatforms(ctx, tx, in.page())
		list := platformList{Total: total, Platforms: make([]platform, len(rows))}
		for i, row := range rows {
			list.Platforms[i] = platformModel(row)
		}
		return list, err
	})
}

// platform is a model whose fields depend on its kind.
type platform any

type platformBase struct {
	ID        string `json:"$id"`
	CreatedAt string `json:"$createdAt"`
	UpdatedAt string `json:"$updatedAt"`
	Name      string `json:"name"`
	Type      string `json:"type"`
}

func platformModel(row projects.Platform) platform {
	base := platformBase{ID: row.ID, CreatedAt: model.Time(row.CreatedAt), UpdatedAt: model.Time(row.UpdatedAt), Name: row.Name, Type: row.Type}
	switch row.Type {
	case project.Android:
		return struct {
			platformBase
			Key string `json:"applicationId"`
		}{base, row.Key}
	case project.Apple:
		return struct {
			platformBase
			Key string `json:"bundleIdentifier"`
		}{base, row.Key}
	case project.Linux:
		return struct {
			platformBase
			Key string `json:"packageName"`
		}{base, row.Key}
	case project.Windows:
		return struct {
			platformBase
			Key string `json:"packageIdentifierName"`
		}{base, row.Key}
	}
	return struct {
		platformBase
		Hostname string `json:"hostname"`
		Key      string `json:"key"`
	}{base, row.Hostname, row.Key}
}
