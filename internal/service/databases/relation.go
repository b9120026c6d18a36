package databases

import (
	"context"
	"strings"

	"moorfast/internal/api"
	"moorfast/internal/core/documents"
	"moorfast/internal/opt"
	"moorfast/internal/schema"
	"moorfast/internal/store"
)

type createRelationship struct {
	DatabaseID     api.ID             `param:"databaseId"`
	TableID        api.ID             `param:"tableId"`
	RelatedTableID api.ID             `param:"relatedTableId"`
	Type           string             `param:"type" oneof:"oneToOne,manyToOne,manyToMany,oneToMany"`
	TwoWay         bool               `param:"twoWay" default:"false"`
	Key            opt.Value[api.Key] `param:"key"`
	TwoWayKey      opt.Value[api.Key] `param:"twoWayKey"`
	OnDelete       string             `param:"onDelete" default:"\"restrict\"" oneof:"cascade,restrict,setNull"`
}

func (f *family) createRelationship(ctx context.Context, call *api.Call, in createRelationship) (api.Raw, error) {
	return api.Write(ctx, call, func(tx store.Tx) (api.Raw, error) {
		t, err := f.Catalog.TableToChange(ctx, tx, oneTable{in.DatabaseID, in.TableID}.ref())
		if err != nil {
			return nil, err
		}
		c, err := f.Catalog.CreateRelation(ctx, tx, t, documents.NewRelation{
			Related: string(in.RelatedTableID), Key: string(in.Key.V), TwoWayKey: string(in.TwoWayKey.V),
			Type: schema.RelationType(in.Type), TwoWay: in.TwoWay, OnDelete: schema.OnDelete(in.OnDelete),
		}, call.Micros())
		if err != nil {
			return nil, err
		}
		return f.words.showColumn(c), nil
	})
}

type updateRelationship struct {
	DatabaseID api.ID             `param:"databaseId"`
	TableID    api.ID             `param:"tableId"`
	Key        api.Key            `param:"key"`
	OnDelete   opt.Value[string]  `param:"onDelete" oneof:"cascade,restrict,setNull"`
	NewKey     opt.Value[api.Key] `param:"newKey"`
}

func (f *family) updateRelationship(ctx context.Context, call *api.Call, in updateRelationship) (api.Raw, error) {
	return api.Write(ctx, call, func(tx store.Tx) (api.Raw, error) {
		t, err := f.Catalog.TableToChange(ctx, tx, oneTable{in.DatabaseID, in.TableID}.ref())
		if err != nil {
			return nil, err
		}
		change := documents.RelationChange{OnDelete: schema.OnDelete(in.OnDelete.V), NewKey: string(in.NewKey.V)}
		c, err := f.Catalog.UpdateRelation(ctx, tx, t, string(in.Key), change, call.Micros())
		if err != nil {
			return nil, err
		}
		return f.words.showColumn(c), nil
	})
}

// showRelation ends the model of a column that is a relationship.
func (w *words) showRelation(o object, r *schema.Relation) api.Raw {
	return o.
		text("related"+strings.ToUpper(w.table[:1])+w.table[1:], r.Table).
		text("relationType", string(r.Type)).
		bool("twoWay", r.TwoWay).
		text("twoWayKey", r.TwoWayKey).
		text("onDelete", string(r.OnDelete)).
		text("side", string(r.Side)).
		end()
}
