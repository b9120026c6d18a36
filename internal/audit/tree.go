package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// The tree is over the records of all projects, as RFC 6962 has it: checkpoint by
// checkpoint, the records that each head adds, in their order. Its hashes are kept
// in tiles, of 256 of one level each. The lowest level goes with the records.
const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
)

const treeDDL = `
CREATE TABLE audit_tiles (level $int NOT NULL, number $int NOT NULL, hashes $blob NOT NULL, PRIMARY KEY (level, number));
CREATE TABLE audit_heads (project $text PRIMARY KEY, number $int NOT NULL, position $int NOT NULL)`

// TreeTables returns the statements that make the tables of the tree, in the
// platform.
func TreeTables(d sqlb.Dialect) []string { return tables(d, treeDDL) }

// leafData is what the tree has of a record, by its place in the chain of a project.
func leafData(b []byte, project string, position int64, link Hash) []byte {
	b = part(b, "moorfast audit leaf 1")
	b = part(b, project)
	b = appendNumber(b, position)
	return append(b, link[:]...)
}

// leafHash is the leaf of a record: that of [tlog.RecordHash], without its memory.
func leafHash(project string, position int64, link Hash) tlog.Hash {
	return sha256.Sum256(leafData(make([]byte, 1, 160), project, position, link))
}

// tile is the place of one.
type tile struct {
	level  int
	number int64
}

// tree reads hashes of the tree in a transaction of the platform, and adds to them.
type tree struct {
	ctx   context.Context
	tx    store.Tx
	tiles map[tile][]byte
}

// errTile says that hashes are missing.
var errTile = errors.New("audit: hashes of the tree are missing")

// tilesMost bounds how many tiles are held at once.
const tilesMost = 256

func newTree(ctx context.Context, tx store.Tx) *tree {
	return &tree{ctx: ctx, tx: tx, tiles: map[tile][]byte{}}
}

// ReadHashes implements [tlog.HashReader].
func (t *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	list := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		where := tlog.TileForIndex(tileHeight, index)
		data, err := t.read(tile{where.L, where.N})
		if err != nil {
			return nil, err
		}
		if where.W > len(data)/tlog.HashSize {
			return nil, fmt.Errorf("%w: in tile %d of level %d", errTile, where.N, where.L)
		}
		if list[i], err = tlog.HashFromTile(where, data, index); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// read returns the hashes of a tile, or nothing where there is none.
func (t *tree) read(where tile) (data []byte, err error) {
	if data, ok := t.tiles[where]; ok {
		return data, nil
	}
	err = store.Each(t.ctx, t.tx, `SELECT hashes FROM audit_tiles WHERE level = ? AND number = ?`, []any{where.level, where.number}, func(rows store.Rows) error {
		data = append([]byte{}, rows.Blob(0)...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(t.tiles) >= tilesMost {
		clear(t.tiles)
	}
	t.tiles[where] = data
	return data, nil
}

// grow adds leaves to a tree of some size, and returns the new root.
func (t *tree) grow(size int64, leaves []tlog.Hash) (root tlog.Hash, err error) {
	for level, list := 0, leaves; len(list) > 0; level++ {
		if list, err = t.growLevel(level, size>>(tileHeight*level), list); err != nil {
			return root, fmt.Errorf("audit: add to the tree: %w", err)
		}
	}
	return tlog.TreeHash(size+int64(len(leaves)), t)
}

// growLevel adds hashes to a level of tiles that has n, and returns those of the
// tiles that are full now, for the level above.
func (t *tree) growLevel(level int, n int64, list []tlog.Hash) (full []tlog.Hash, err error) {
	where := tile{level, n / tileWidth}
	data, err := t.read(where)
	if err != nil {
		return nil, err
	}
	begun := int(n%tileWidth) * tlog.HashSize
	if len(data) != begun {
		return nil, fmt.Errorf("%w: in tile %d of level %d", errTile, where.number, level)
	}
	for data = bytes.Clone(data); len(list) > 0; where.number++ {
		most := min(len(list), tileWidth-len(data)/tlog.HashSize)
		for _, h := range list[:most] {
			data = append(data, h[:]...)
		}
		list = list[most:]
		if err := t.write(where, data); err != nil {
			return nil, err
		}
		if len(data) == tileWidth*tlog.HashSize {
			full = append(full, rootOf(data))
		}
		data = nil
	}
	return full, nil
}

// rootOf is the hash over all of a full tile.
func rootOf(data []byte) tlog.Hash {
	if len(data) == tlog.HashSize {
		return tlog.Hash(data)
	}
	middle := len(data) / 2
	return tlog.NodeHash(rootOf(data[:middle]), rootOf(data[middle:]))
}

func (t *tree) write(where tile, data []byte) error {
	if _, err := t.tx.Exec(t.ctx, `DELETE FROM audit_tiles WHERE level = ? AND number = ?`, where.level, where.number); err != nil {
		return err
	}
	_, err := t.tx.Exec(t.ctx, `INSERT INTO audit_tiles (level, number, hashes) VALUES (?, ?, ?)`, where.level, where.number, data)
	t.tiles[where] = data
	return err
}

// lowest returns the number of the first tile of leaves that is kept.
func (t *tree) lowest() (number int64, err error) {
	err = store.Each(t.ctx, t.tx, `SELECT coalesce(min(number), 0) FROM audit_tiles WHERE level = 0`, nil, func(rows store.Rows) error {
		number = rows.Int(0)
		return nil
	})
	return number, err
}

// leaves calls fn with n leaves from one on.
func (t *tree) leaves(from, n int64, fn func(tlog.Hash)) error {
	for ; n > 0; from, n = from+1, n-1 {
		list, err := t.ReadHashes([]int64{tlog.StoredHashIndex(0, from)})
		if err != nil {
			return err
		}
		fn(list[0])
	}
	return nil
}

// treeKept tells whether the platform's log has a tree.
func treeKept(ctx context.Context, tx store.Tx) (bool, error) { return migrated(ctx, tx, "audit tree") }

// dropTiles removes leaves of which no record is kept. The hashes above them stay,
// and with them the proofs of all that is kept.
func (l *Log) dropTiles(ctx context.Context) error {
	if l.Retention <= 0 || l.PlatformRetention <= 0 {
		return nil
	}
	before := l.now().Add(-max(l.Retention, l.PlatformRetention)).UnixMicro()
	return l.db.Update(ctx, platform, func(tx store.Tx) error {
		size := int64(0)
		const sql = `SELECT note FROM audit_checkpoints WHERE at < ? ORDER BY number DESC LIMIT 1`
		err := store.Each(ctx, tx, sql, []any{before}, func(rows store.Rows) error {
			c, err := parseNote(string(rows.Text(0)))
			if err == nil {
				size = c.Size
			}
			return err
		})
		if err != nil || size < tileWidth {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM audit_tiles WHERE level = 0 AND number < ?`, size/tileWidth)
		return err
	})
}
