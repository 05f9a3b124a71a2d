//go:build unix && !linux

package wsconn

import "syscall"

// readBoth reads into second: there is no first one where nothing is direct.
func readBoth(fd uintptr, first, second []byte) (int, error) { return syscall.Read(int(fd), second) }
