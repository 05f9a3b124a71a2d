package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// errand is what another process of this program is started for.
type errand struct {
	Name    string // see errands
	Library string
	Terms   terms
	Pairs   int    // of hold
	Size    int    // of what flow sends, in bytes
	To      string // an address, of those that relay
	Splice  bool   // relay may
}

// errands are what can be done. Each is given an endpoint, and does it until
// stdin ends.
var errands = map[string]func(errand, *endpoint, io.Reader, io.Writer) error{
	"hold": errand.hold,
	"echo": errand.echo,
	"flow": errand.flow,

	"relay":        errand.relay,
	"yamux-server": errand.yamuxServer,
	"yamux-client": errand.yamuxClient,
}

// answerErrand is that process.
func answerErrand(text string, in io.Reader, out io.Writer) error {
	var e errand
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		return err
	}
	libs := libraries()
	i := slices.IndexFunc(libs, func(lib library) bool { return lib.name == e.Library })
	if i < 0 {
		return fmt.Errorf("there is no library %q", e.Library)
	}
	answer, ok := errands[e.Name]
	if !ok {
		return fmt.Errorf("there is no errand %q", e.Name)
	}
	end, err := listen(libs[i], e.Terms)
	if err != nil {
		return err
	}
	defer end.close()
	return answer(e, end, in, out)
}

// start starts the process.
func (e errand) start() (*process, error) {
	text, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return startProcess(self, "-errand", string(text))
}

// startListening starts one that first says where it listens.
func (e errand) startListening() (p *process, addr string, err error) {
	if p, err = e.start(); err != nil {
		return nil, "", err
	}
	if addr, err = p.says(""); err != nil {
		return nil, "", errors.Join(err, p.end())
	}
	return p, addr, nil
}

// ask sends a process on the errand, and returns the sample it comes back with.
func (e errand) ask() (s sample, err error) {
	p, err := e.start()
	if err != nil {
		return nil, err
	}
	err = json.NewDecoder(p.out).Decode(&s)
	if err = errors.Join(p.end(), err); err != nil {
		return nil, fmt.Errorf("%s: %w", e.Library, err)
	}
	return s, nil
}

func (e errand) hold(end *endpoint, _ io.Reader, out io.Writer) error {
	s, err := end.hold(e.Pairs)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(s)
}
