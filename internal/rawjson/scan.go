package rawjson

// scan finds the end of the value that begins at i, and checks it on the way.
func scan(text []byte, i, depth int) (end int, err error) {
	if i >= len(text) {
		return 0, ErrSyntax
	}
	switch c := text[i]; {
	case c == '"':
		return scanString(text, i)
	case c == '{', c == '[':
		if depth >= MaxDepth {
			return 0, ErrDepth
		}
		return scanList(text, i, depth)
	case c == '-' || '0' <= c && c <= '9':
		return scanNumber(text, i)
	case c == 't':
		return scanWord(text, i, "true")
	case c == 'f':
		return scanWord(text, i, "false")
	case c == 'n':
		return scanWord(text, i, "null")
	}
	return 0, ErrSyntax
}

// scanList scans an array or an object, whose members are values with or
// without a name.
func scanList(text []byte, i, depth int) (end int, err error) {
	object := text[i] == '{'
	closing := text[i] + 2 // ']' and '}' both follow two places after their opening
	i = space(text, i+1)
	if i < len(text) && text[i] == closing {
		return i + 1, nil
	}
	for {
		if object {
			if i, err = scanName(text, i); err != nil {
				return 0, err
			}
		}
		if i, err = scan(text, i, depth+1); err != nil {
			return 0, err
		}
		i = space(text, i)
		switch {
		case i >= len(text):
			return 0, ErrSyntax
		case text[i] == closing:
			return i + 1, nil
		case text[i] != ',':
			return 0, ErrSyntax
		}
		i = space(text, i+1)
	}
}

// scanName scans the name of a member, with its colon, up to its value.
func scanName(text []byte, i int) (value int, err error) {
	if i, err = scanString(text, i); err != nil {
		return 0, err
	}
	i = space(text, i)
	if i >= len(text) || text[i] != ':' {
		return 0, ErrSyntax
	}
	return space(text, i+1), nil
}

// longString is from where on a string is scanned eight bytes at a time.
const longString = 16

func scanString(text []byte, i int) (end int, err error) {
	if i >= len(text) || text[i] != '"' {
		return 0, ErrSyntax
	}
	long := i + longString
	for i++; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return i + 1, nil
		case c < ' ':
			return 0, ErrSyntax
		case c == '\\':
			i++
			if i >= len(text) {
				return 0, ErrSyntax
			}
			switch text[i] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if i+4 >= len(text) || hex4(text[i+1:]) < 0 {
					return 0, ErrSyntax
				}
				i += 4
			default:
				return 0, ErrSyntax
			}
		case i > long:
			i += plain(text[i+1:])
		}
	}
	return 0, ErrSyntax
}

func scanNumber(text []byte, i int) (end int, err error) {
	if text[i] == '-' {
		i++
	}
	switch {
	case i < len(text) && text[i] == '0':
		i++
	default:
		if i, err = digits(text, i); err != nil {
			return 0, err
		}
	}
	if i < len(text) && text[i] == '.' {
		if i, err = digits(text, i+1); err != nil {
			return 0, err
		}
	}
	if i < len(text) && (text[i] == 'e' || text[i] == 'E') {
		i++
		if i < len(text) && (text[i] == '+' || text[i] == '-') {
			i++
		}
		return digits(text, i)
	}
	return i, nil
}

// digits scans one digit or more.
func digits(text []byte, i int) (end int, err error) {
	start := i
	for i < len(text) && '0' <= text[i] && text[i] <= '9' {
		i++
	}
	if i == start {
		return 0, ErrSyntax
	}
	return i, nil
}

func scanWord(text []byte, i int, word string) (end int, err error) {
	end = i + len(word)
	if end > len(text) || string(text[i:end]) != word {
		return 0, ErrSyntax
	}
	return end, nil
}

func space(text []byte, i int) int {
	for i < len(text) {
		switch text[i] {
		case ' ', '\t', '\n', '\r':
			i++
		default:
			return i
		}
	}
	return i
}
