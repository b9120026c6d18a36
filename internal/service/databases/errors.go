package databases

import (
	"errors"
	"strings"

	"moorfast/internal/apierr"
	"moorfast/internal/core/documents"
	"moorfast/internal/query"
	"moorfast/internal/schema"
)

// refusals are what a family answers to outcomes. A row with a hole takes the
// name of what it is about.
type refusals struct {
	outcomes map[documents.Kind]*apierr.Error
	rules    map[schema.ErrorKind]*apierr.Error
}

var tableRefusals = refusals{
	outcomes: map[documents.Kind]*apierr.Error{
		documents.NoDatabase:     apierr.DatabaseNotFound,
		documents.DatabaseExists: apierr.DatabaseAlreadyExists,
		documents.NoTable:        apierr.TableNotFound,
		documents.TableExists:    apierr.TableAlreadyExists,
		documents.NoColumn:       apierr.ColumnNotFound,
		documents.ColumnExists:   apierr.ColumnAlreadyExists,
		documents.ColumnInUse:    apierr.ColumnIndexDependency,
		documents.ColumnOther:    apierr.ColumnTypeInvalid,
		documents.ColumnTooSmall: apierr.ColumnInvalidResize,
		documents.NoIndex:        apierr.ColumnIndexNotFound,
		documents.IndexExists:    apierr.ColumnIndexAlreadyExists,
		documents.NoRow:          apierr.RowNotFound,
		documents.RowExists:      apierr.RowAlreadyExists,
		documents.RowNotUnique:   apierr.RowUniqueConstraintViolation,
		documents.RowChanged:     apierr.RowUpdateConflict,
		documents.NoData:         apierr.RowMissingData,
		documents.NoPayload:      apierr.RowMissingPayload,
		documents.LimitReached:   apierr.ColumnLimitExceeded,
		documents.RowRestricted:  apierr.RowDeleteRestricted,
	},
	rules: map[schema.ErrorKind]*apierr.Error{
		schema.BadStructure:      apierr.RowInvalidStructure,
		schema.BadDefault:        apierr.ColumnDefaultUnsupported,
		schema.BadValue:          apierr.ColumnValueInvalid,
		schema.TooManyColumns:    apierr.ColumnLimitExceeded,
		schema.BadIndex:          apierr.ColumnIndexInvalid,
		schema.BadIndexType:      apierr.ColumnTypeInvalid,
		schema.UnknownColumn:     apierr.ColumnUnknown,
		schema.UnavailableColumn: apierr.ColumnNotAvailable,
		schema.TooManyIndexes:    apierr.ColumnIndexLimitExceeded,
	},
}

var collectionRefusals = refusals{
	outcomes: map[documents.Kind]*apierr.Error{
		documents.NoDatabase:     apierr.DatabaseNotFound,
		documents.DatabaseExists: apierr.DatabaseAlreadyExists,
		documents.NoTable:        apierr.CollectionNotFound,
		documents.TableExists:    apierr.CollectionAlreadyExists,
		documents.NoColumn:       apierr.AttributeNotFound,
		documents.ColumnExists:   apierr.AttributeAlreadyExists,
		documents.ColumnInUse:    apierr.IndexDependency,
		documents.ColumnOther:    apierr.AttributeTypeInvalid,
		documents.ColumnTooSmall: apierr.AttributeInvalidResize,
		documents.NoIndex:        apierr.IndexNotFound,
		documents.IndexExists:    apierr.IndexAlreadyExists,
		documents.NoRow:          apierr.DocumentNotFound,
		documents.RowExists:      apierr.DocumentAlreadyExists,
		documents.RowNotUnique:   apierr.DocumentUniqueConstraintViolation,
		documents.RowChanged:     apierr.DocumentUpdateConflict,
		documents.NoData:         apierr.DocumentMissingData,
		documents.NoPayload:      apierr.DocumentMissingPayload,
		documents.LimitReached:   apierr.AttributeLimitExceeded,
		documents.RowRestricted:  apierr.DocumentDeleteRestricted,
	},
	rules: map[schema.ErrorKind]*apierr.Error{
		schema.BadStructure:      apierr.DocumentInvalidStructure,
		schema.BadDefault:        apierr.AttributeDefaultUnsupported,
		schema.BadValue:          apierr.AttributeValueInvalid,
		schema.TooManyColumns:    apierr.AttributeLimitExceeded,
		schema.BadIndex:          apierr.IndexInvalid,
		schema.BadIndexType:      apierr.AttributeTypeInvalid,
		schema.UnknownColumn:     apierr.AttributeUnknown,
		schema.UnavailableColumn: apierr.AttributeNotAvailable,
		schema.TooManyIndexes:    apierr.IndexLimitExceeded,
	},
}

// fail makes the family's error of an outcome.
func (w *words) fail(err error) error {
	if err == nil {
		return nil
	}
	var (
		outcome *documents.Error
		rule    *schema.Error
		wrong   *query.Error
	)
	switch {
	case errors.As(err, &outcome):
		return w.outcome(outcome, err)
	case errors.As(err, &rule):
		return w.rule(rule, err)
	case errors.As(err, &wrong):
		return apierr.QueryInvalid.Detail("%s", wrong.Message)
	}
	return err
}

func (w *words) outcome(e *documents.Error, err error) error {
	switch e.Kind {
	case documents.Unauthorized:
		if e.Message == "" {
			return apierr.UserUnauthorized.Because(err)
		}
		return apierr.UserUnauthorized.Detail("%s", e.Message).Because(err)
	case documents.Unsupported:
		return apierr.FeatureUnsupported.Detail("%s", e.Message)
	case documents.NoTransaction:
		return apierr.TransactionNotFound.With(e.Name).Because(err)
	case documents.TransactionFull:
		return apierr.TransactionLimitExceeded.Detail("%s", e.Message)
	case documents.TransactionEnded:
		return apierr.TransactionNotReady.Because(err)
	case documents.TransactionExpired:
		return apierr.TransactionExpired.Because(err)
	case documents.RelationInvalid:
		return apierr.RelationshipValueInvalid.Detail("%s", e.Message)
	case documents.ManyRelated:
		return apierr.BadRequest.Detail("Bulk %s is not supported for %s with relationship attributes", e.Name, w.sdk)
	case documents.NoCursor:
		return apierr.CursorNotFound.Detail("%s '%s' for the 'cursor' value not found.", w.Row, e.Name)
	case documents.NullInOrder:
		return apierr.DatabaseQueryOrderNull.Because(err)
	case documents.LimitReached:
		return w.refusals.outcomes[e.Kind].Detail("%s %s", w.Column, e.Message)
	}
	row := w.refusals.outcomes[e.Kind]
	if e.Message != "" {
		return row.Detail("%s", e.Message).Because(err)
	}
	return named(row, e.Name).Because(err)
}

func (w *words) rule(e *schema.Error, err error) error {
	row := w.refusals.rules[e.Kind]
	switch e.Kind {
	case schema.BadStructure:
		return row.Detail("Invalid document structure: %s", e.Message)
	case schema.BadEncryption:
		return apierr.BadRequest.Detail("%s", e.Message)
	case schema.BadDefault:
		if e.Name == "array" {
			return row.Detail("Cannot set default value for array %ss", w.column)
		}
		return row.Detail("Cannot set default value for required %s", w.column)
	}
	if e.Message != "" {
		return row.Detail("%s", e.Message)
	}
	return named(row, e.Name).Because(err)
}

// named fills the hole of a row's message, where it has one.
func named(row *apierr.Error, name string) *apierr.Error {
	if strings.Contains(row.Message, "%s") {
		return row.With(name)
	}
	return row
}
