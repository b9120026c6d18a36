//go:build failpoints

package failpoint

import (
	"os"
	"syscall"
)

// dying is the point to die at. It is taken out of the environment, where it
// would be refused as a setting that there is not.
var dying = take("MOORFAST_FAILPOINT")

func take(name string) string {
	defer os.Unsetenv(name)
	return os.Getenv(name)
}

// Hit kills the process, as kill -9 does, if it is the point to die at.
func Hit(point string) {
	if point == dying {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}
