package documents

// AtOnce has the indexes of tables made at once that have so many rows at most.
func (b *Builder) AtOnce(rows int64) { b.most = rows }
