package sqlite

import (
	"regexp"

	"github.com/ncruces/go-sqlite3"
)

// matches is the function behind "text REGEXP pattern". Patterns are RE2's, so
// none takes more time than the text is long.
func matches(ctx sqlite3.Context, arg ...sqlite3.Value) {
	re, ok := ctx.GetAuxData(0).(*regexp.Regexp)
	if !ok {
		var err error
		if re, err = regexp.Compile(arg[0].Text()); err != nil {
			ctx.ResultError(err)
			return
		}
		ctx.SetAuxData(0, re)
	}
	if arg[1].Type() == sqlite3.NULL {
		return // null, as of any comparison with it
	}
	ctx.ResultBool(re.Match(arg[1].RawText()))
}
