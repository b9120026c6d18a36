// Package durabletest has what tests of full disks need.
package durabletest
