//go:build !linux

package doctor

func room(string) (free, total uint64, err error) { return 0, 0, nil }

func fileSystem(string) (name string, durable bool, err error) { return "", false, nil }
