package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"moorfast/internal/config"
)

func (p *program) initCommand() *cobra.Command {
	var hardened bool
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write a settings file with every setting in it, and make a key",
		Long: `Write a settings file with every setting in it, and make a key.

The file says what each setting means, and has it commented out at its default.
It is moorfast.toml in the data directory, or what --config names. Neither it
nor a key that is there is overwritten.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			profile := config.Standard
			if hardened {
				profile = config.Hardened
			}
			return p.init(profile)
		},
	}
	cmd.Flags().BoolVar(&hardened, "hardened", false, "choose the profile where compatibility gives way to safety")
	return cmd
}

func (p *program) init(profile string) error {
	sources := p.sources()
	sources.File = "" // it is what is to be written
	c, err := config.Load(sources)
	if err != nil {
		return err
	}
	path := p.file
	if path == "" {
		path = c.FilePath()
	}
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s is there already, and was not changed; moorfast config show tells what is set", path)
	}
	// A new key would not open a keyring that is there.
	key := c.Key.Path()
	if key != "" && !c.Postgres() {
		_, ring := os.Stat(c.RingPath())
		_, file := os.Stat(key)
		if ring == nil && errors.Is(file, fs.ErrNotExist) {
			return fmt.Errorf("%s needs its key, and %s is not there; restore it from a backup", c.RingPath(), key)
		}
	}
	for _, dir := range []string{c.Data, filepath.Dir(path)} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	made := false
	if key != "" {
		if made, err = c.Key.Make(); err != nil {
			return fmt.Errorf("make a key: %w", err)
		}
	}
	if err := config.WriteTemplate(path, profile); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "settings: %s, profile %s; every setting is in it, with what it means\n", path, profile)
	switch {
	case made:
		fmt.Fprintf(p.out, "key:      %s, made now. Keep a copy elsewhere: without it, what is sealed is lost.\n", key)
	case key != "":
		fmt.Fprintf(p.out, "key:      %s, which was there\n", key)
	default:
		fmt.Fprintf(p.out, "key:      %s\n", c.Key)
	}
	serve := "moorfast serve"
	if p.file != "" {
		serve += " --config " + p.file
	}
	if given := p.flags["data"]; given != "" {
		serve += " --data " + given
	}
	fmt.Fprintf(p.out, "next:     %s\n", serve)
	if profile == config.Hardened {
		fmt.Fprintln(p.out, "          The first start prints the token that the first account shows. For other machines, set tls, listen and domain.name first.")
	}
	fmt.Fprintln(p.out, "          then moorfast doctor, which says what is left to do")
	return nil
}
