package project

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/listing"
	"moorfast/internal/core/projects"
	"moorfast/internal/model"
	"moorfast/internal/project"
	"moorfast/internal/query"
	"moorfast/internal/store"
)

// maxMocks is how many mock numbers a project may have; it is the contract's.
const maxMocks = 5000

func (s *Service) mockPhones() []api.Endpoint {
	path := "/v1/project/mock-phones"
	audit := func(what string) api.Audit {
		return api.Audit{Event: "project.mock-phone." + what, Resource: "project.mock-phone/{number}"}
	}
	return []api.Endpoint{
		api.New(api.Spec{
			Name: "project.listMockPhones", Method: "GET", Path: path, Model: "mockNumberList",
			Summary: "List the mock phone numbers, which sign in with a fixed code.",
			Auth:    adminsAndKeys, Scopes: []string{"mocks.read"}, Rules: rules,
		}, s.listMocks),
		api.New(api.Spec{
			Name: "project.createMockPhone", Method: "POST", Path: path, Status: 201, Model: "mockNumber",
			Summary: "Add a mock phone number.",
			Auth:    adminsAndKeys, Scopes: []string{"mocks.write"}, Rules: rules, Audit: audit("create"),
		}, s.createMock),
		api.New(api.Spec{
			Name: "project.getMockPhone", Method: "GET", Path: path + "/{number}", Model: "mockNumber",
			Summary: "Get a mock phone number.",
			Auth:    adminsAndKeys, Scopes: []string{"mocks.read"}, Rules: rules,
		}, s.getMock),
		api.New(api.Spec{
			Name: "project.updateMockPhone", Method: "PUT", Path: path + "/{number}", Model: "mockNumber",
			Summary: "Change the code of a mock phone number.",
			Auth:    adminsAndKeys, Scopes: []string{"mocks.write"}, Rules: rules, Audit: audit("update"),
		}, s.updateMock),
		api.New(api.Spec{
			Name: "project.deleteMockPhone", Method: "DELETE", Path: path + "/{number}",
			Summary: "Remove a mock phone number.",
			Auth:    adminsAndKeys, Scopes: []string{"mocks.write"}, Rules: rules, Audit: audit("delete"),
		}, s.deleteMock),
	}
}

// otp is the fixed code of a mock number.
type otp string

// Check allows six digits.
func (s otp) Check() error {
	return api.CheckText(string(s), 6, 6, "0123456789")
}

type mockNumber struct {
	Number    string `json:"number"`
	OTP       string `json:"otp"`
	CreatedAt string `json:"$createdAt"`
	UpdatedAt string `json:"$updatedAt"`
}

func mockModel(m project.MockNumber) mockNumber {
	return mockNumber{m.Phone, m.OTP, model.Time(m.CreatedAt), model.Time(m.UpdatedAt)}
}

type mockList struct {
	Total       int          `json:"total"`
	MockNumbers []mockNumber `json:"mockNumbers"`
}

type listMocksParams struct {
	Queries api.Queries `param:"queries" default:"[]"`
	Total   bool        `param:"total" default:"true"`
}

func (s *Service) listMocks(_ context.Context, call *api.Call, in listMocksParams) (mockList, error) {
	plan, err := listing.Window(in.Queries)
	if err != nil {
		return mockList{}, err
	}
	mocks := call.Project.Auths.MockNumbers
	list := mockList{MockNumbers: []mockNumber{}}
	if in.Total {
		list.Total = len(mocks)
	}
	for _, m := range page(mocks, plan) {
		list.MockNumbers = append(list.MockNumbers, mockModel(m))
	}
	return list, nil
}

// page cuts a list that is kept in memory as a plan says.
func page[T any](list []T, plan query.Plan) []T {
	from := min(plan.Offset, int64(len(list)))
	return list[from : from+min(plan.Limit, int64(len(list))-from)]
}

type mockParams struct {
	Number api.Phone `param:"number"`
	OTP    otp       `param:"otp"`
}

// pathPhone is a phone number in a path. Clients may leave out its plus sign
// there, or have it become a space.
type pathPhone string

// UnmarshalJSON adds the sign, and checks the number.
func (p *pathPhone) UnmarshalJSON(raw []byte) error {
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return api.Phone("").Check()
	}
	*p = pathPhone("+" + strings.TrimLeft(s, "+ "))
	return api.Phone(*p).Check()
}

type mockChangeParams struct {
	Number pathPhone `param:"number"`
	OTP    otp       `param:"otp"`
}

type mockNameParams struct {
	Number pathPhone `param:"number"`
}

// changeMocks stores what fn makes of the mock numbers.
func (s *Service) changeMocks(ctx context.Context, call *api.Call, fn func([]project.MockNumber) ([]project.MockNumber, error)) error {
	_, err := api.WriteIn(ctx, call, store.Platform, func(tx store.Tx) (projects.Row, error) {
		return s.Projects.Change(ctx, tx, call.Project.ID, call.Micros(), func(r *projects.Row) (err error) {
			r.Auths.MockNumbers, err = fn(r.Auths.MockNumbers)
			return err
		})
	})
	return err
}

func indexOf(mocks []project.MockNumber, number string) int {
	return slices.IndexFunc(mocks, func(m project.MockNumber) bool { return m.Phone == number })
}

func (s *Service) createMock(ctx context.Context, call *api.Call, in mockParams) (mockNumber, error) {
	m := project.MockNumber{Phone: string(in.Number), OTP: string(in.OTP), CreatedAt: call.Micros(), UpdatedAt: call.Micros()}
	err := s.changeMocks(ctx, call, func(mocks []project.MockNumber) ([]project.MockNumber, error) {
		switch {
		case indexOf(mocks, string(in.Number)) >= 0:
			return nil, apierr.MockNumberAlreadyExists
		case len(mocks) >= maxMocks:
			return nil, apierr.MockNumberLimitExceeded
		}
		return append(mocks, m), nil
	})
	return mockModel(m), err
}

func (s *Service) getMock(_ context.Context, call *api.Call, in mockNameParams) (mockNumber, error) {
	mocks := call.Project.Auths.MockNumbers
	i := indexOf(mocks, string(in.Number))
	if i < 0 {
		return mockNumber{}, apierr.MockNumberNotFound
	}
	return mockModel(mocks[i]), nil
}

func (s *Service) updateMock(ctx context.Context, call *api.Call, in mockChangeParams) (out mockNumber, err error) {
	err = s.changeMocks(ctx, call, func(mocks []project.MockNumber) ([]project.MockNumber, error) {
		i := indexOf(mocks, string(in.Number))
		if i < 0 {
			return nil, apierr.MockNumberNotFound
		}
		mocks[i].OTP, mocks[i].UpdatedAt = string(in.OTP), call.Micros()
		out = mockModel(mocks[i])
		return mocks, nil
	})
	return out, err
}

func (s *Service) deleteMock(ctx context.Context, call *api.Call, in mockNameParams) (api.None, error) {
	return api.None{}, s.changeMocks(ctx, call, func(mocks []project.MockNumber) ([]project.MockNumber, error) {
		i := indexOf(mocks, string(in.Number))
		if i < 0 {
			return nil, apierr.MockNumberNotFound
		}
		return slices.Delete(mocks, i, i+1), nil
	})
}
