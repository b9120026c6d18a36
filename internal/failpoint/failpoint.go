// Package failpoint names the places where a program may be made to die, so that
// tests see what it leaves behind. They are in a program that was built with the
// tag "failpoints", and in no other: there, [Hit] is nothing at all.
//
//	go build -tags failpoints ./cmd/moorfast
//	MOORFAST_FAILPOINT=rewrap:after-commit moorfast key rotate --to file:next.key; test $? = 137
package failpoint

// The points of a change of the root key, in their order.
const (
	SinkWritten    = "sink:written"           // a new key is in its file, and may not be on the disk
	SinkSynced     = "sink:synced"            // it is
	RingWritten    = "ring:written"           // a ring is in a file of its own, and not yet in its place
	RootPending    = "root:pending"           // the ring names the new key
	BeforeRewrap   = "rewrap:before-commit"   // every data key is wrapped again, in memory
	AfterRewrap    = "rewrap:after-commit"    // and in the ring: both keys open it
	RootVerified   = "root:verified"          // the stored ring was opened with the new key alone
	RotateRecorded = "key.rotate:recorded"    // the audit log has it: grace has begun
	BeforeFinal    = "finalize:before-commit" // the old wraps are gone, in memory
	AfterFinal     = "finalize:after-commit"  // and in the ring: the new key alone opens it
	FinalRecorded  = "key.finalize:recorded"  // the audit log has it
	SinkRetired    = "sink:retired"           // the old key's file has another name
	SinkRemoved    = "sink:removed"           // it is gone
)

// Recorded is the point after the record of a command of the host.
func Recorded(command string) string { return command + ":recorded" }
