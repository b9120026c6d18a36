package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// fileName is the settings file looked for in the data directory.
const fileName = "moorfast.toml"

const maxFile = 1 << 20

// readFile returns the settings in a TOML file by key, "log.level" for level in
// the table log. Values are strings, numbers, booleans and lists of strings.
func readFile(path string) (map[string]any, fs.FileMode, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, 0, err
	}
	if len(data) > maxFile {
		return nil, 0, errors.New("it is over 1 MiB")
	}
	var tree map[string]any
	if err := toml.Unmarshal(data, &tree); err != nil {
		var at *toml.DecodeError
		if errors.As(err, &at) {
			row, column := at.Position()
			return nil, 0, fmt.Errorf("line %d, column %d: %s", row, column, strings.TrimPrefix(at.Error(), "toml: "))
		}
		return nil, 0, err
	}
	flat := make(map[string]any)
	flatten(flat, "", tree)
	return flat, info.Mode(), nil
}

func flatten(flat map[string]any, prefix string, tree map[string]any) {
	for name, value := range tree {
		if table, ok := value.(map[string]any); ok {
			flatten(flat, prefix+name+".", table)
			continue
		}
		flat[prefix+name] = value
	}
}

// fileText returns the text of a value of the file.
func fileText(value any, k kind) (string, error) {
	switch v := value.(type) {
	case string:
		return v, nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	case bool:
		if k.yes == "" {
			return "", errors.New("it is not true or false")
		}
		if v {
			return k.yes, nil
		}
		return k.no, nil
	case []any:
		entries := make([]string, len(v))
		for i, entry := range v {
			s, ok := entry.(string)
			if !ok || strings.Contains(s, ",") {
				return "", errors.New("a list holds strings, without commas")
			}
			entries[i] = s
		}
		return strings.Join(entries, ","), nil
	}
	return "", errors.New("it is not a string, a number, true or false, or a list of strings")
}

// readSecret returns the content of a file that holds one secret, without the
// line break at its end.
func readSecret(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	const most = 64 << 10
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return "", err
	}
	if len(data) > most {
		return "", fmt.Errorf("%s is over 64 KiB", path)
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r"), nil
}
