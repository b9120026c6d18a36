package projects

import (
	"context"
	"encoding/json"
	"strings"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/projects"
	"moorfast/internal/model"
	"moorfast/internal/project"
	"moorfast/internal/store"
)

// mockNumber is a phone number and the code that it signs in with, as older
// clients send them.
type mockNumber struct {
	Phone api.Phone `json:"phone"`
	OTP   string    `json:"otp"`
}

// UnmarshalJSON reads and checks both.
func (m *mockNumber) UnmarshalJSON(raw []byte) error {
	var fields struct{ Phone, OTP *json.RawMessage }
	if json.Unmarshal(raw, &fields) != nil || fields.Phone == nil || fields.OTP == nil {
		return api.Reject(`Invalid payload structure. Please check the "phone" and "otp" fields`)
	}
	phone := ""
	if json.Unmarshal(*fields.Phone, &phone) != nil || api.Phone(phone).Check() != nil {
		return api.Phone("").Check()
	}
	if json.Unmarshal(*fields.OTP, &m.OTP) != nil || len(m.OTP) != 6 || strings.Trim(m.OTP, "0123456789") != "" {
		return api.Reject("Invalid OTP. Please make sure the OTP is a 6 digit number")
	}
	m.Phone = api.Phone(phone)
	return nil
}

type mockNumbersParams struct {
	ProjectID api.ID       `param:"projectId"`
	Numbers   []mockNumber `param:"numbers" max:"10"`
}

func (s *Service) updateMockNumbers(ctx context.Context, call *api.Call, in mockNumbersParams) (model.Project, error) {
	mocks := make([]project.MockNumber, len(in.Numbers))
	seen := map[api.Phone]bool{}
	for i, m := range in.Numbers {
		if seen[m.Phone] {
			return model.Project{}, apierr.BadRequest.Detail("Duplicate phone numbers are not allowed.")
		}
		seen[m.Phone] = true
		mocks[i] = project.MockNumber{Phone: string(m.Phone), OTP: m.OTP, CreatedAt: call.Micros(), UpdatedAt: call.Micros()}
	}
	return s.change(ctx, call, string(in.ProjectID), func(_ store.Tx, r *projects.Row) error {
		r.Auths.MockNumbers = mocks
		return nil
	})
}
