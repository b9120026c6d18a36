package main

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"moorfast/internal/server"
)

// version is what the program knows of its own making.
type version struct {
	Version  string `json:"version"` // of the module or the commit, or "devel"
	Commit   string `json:"commit,omitempty"`
	Modified bool   `json:"modified"` // the commit is not all of it
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func readVersion() version {
	v := version{Version: server.Version(), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}

func (p *program) versionCommand() *cobra.Command {
	var asJSON, sbom bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Say which version this is",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v := readVersion()
			if sbom {
				return p.writeJSON(billOfMaterials(v))
			}
			if asJSON {
				return p.writeJSON(v)
			}
			_, err := fmt.Fprintf(p.out, "moorfast %s %s %s\n", v.Version, v.Go, v.Platform)
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	cmd.Flags().BoolVar(&sbom, "sbom", false, "list what the program is made of, as CycloneDX 1.6")
	return cmd
}

// A component is a module of the program, in the words of CycloneDX.
type component struct {
	Type    string      `json:"type"`
	Name    string      `json:"name"`
	Version string      `json:"version"`
	PURL    string      `json:"purl,omitempty"` // package URL
	Hashes  []hashValue `json:"hashes,omitempty"`
}

type hashValue struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type bom struct {
	Format      string `json:"bomFormat"`
	SpecVersion string `json:"specVersion"`
	Version     int    `json:"version"`
	Metadata    struct {
		Component component `json:"component"`
	} `json:"metadata"`
	Components []component `json:"components"`
}

// billOfMaterials lists the modules that the linker has recorded. The hashes are
// those of go.sum, of all files of a module.
func billOfMaterials(v version) bom {
	b := bom{Format: "CycloneDX", SpecVersion: "1.6", Version: 1, Components: []component{}}
	b.Metadata.Component = component{Type: "application", Name: "moorfast", Version: v.Version}
	b.Components = append(b.Components, component{Type: "library", Name: "std", Version: v.Go, PURL: "pkg:golang/std@" + strings.TrimPrefix(v.Go, "go")})
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		c := component{Type: "library", Name: m.Path, Version: m.Version, PURL: "pkg:golang/" + m.Path + "@" + m.Version}
		if sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(m.Sum, "h1:")); err == nil && len(sum) > 0 {
			c.Hashes = []hashValue{{"SHA-256", hex.EncodeToString(sum)}}
		}
		b.Components = append(b.Components, c)
	}
	return b
}
