package main

import (
	"errors"
	"fmt"
	"log"
	"time"
)

// way is one through other processes to a target.
type way struct {
	name  string
	start func(target string) (*path, error)
}

// path is a way whose processes run.
type path struct {
	addr  string     // where it begins
	sides []*process // the client's first
}

func (p *path) close() {
	for _, side := range p.sides {
		side.kill()
	}
}

// cpu is what the processes have spent, and memory what the largest of them has,
// in MiB.
func (p *path) cpu() (d time.Duration) {
	for _, side := range p.sides {
		d += familyCPU(side.pid())
	}
	return d
}

func (p *path) memory() (most float64) {
	for _, side := range p.sides {
		most = max(most, float64(familyMemory(side.pid()))/(1<<20))
	}
	return most
}

// with runs a measurement of the way to a target in this process.
func (w way) with(measure func(*endpoint, *path) error) error {
	target, err := listen(rawTCP(), terms{Stream: true, Buffer: streamBuffer})
	if err != nil {
		return err
	}
	defer target.close()
	p, err := w.start(target.addr())
	if err != nil {
		return fmt.Errorf("%s: %w", w.name, err)
	}
	defer p.close()
	err = p.checked(target)
	if err == nil {
		err = measure(target, p)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", w.name, err)
	}
	return nil
}

// wayNames are in the order of the table.
var wayNames = []string{"raw TCP", "two relays", "two relays that splice", "tunnel", "tunnel (again)", "tunnel raw", "two relays, yamux over wsstream", "OpenSSH"}

// waysFor are those that can be had.
func waysFor(c config) map[string]way {
	program := tunnelProgram(c)
	ways := map[string]way{}
	for name, start := range map[string]func(string) (*path, error){
		"raw TCP":                         func(target string) (*path, error) { return &path{addr: target}, nil },
		"two relays":                      func(target string) (*path, error) { return chain(target, relayErrand(false), relayErrand(false)) },
		"two relays that splice":          func(target string) (*path, error) { return chain(target, relayErrand(true), relayErrand(true)) },
		"two relays, yamux over wsstream": func(target string) (*path, error) { return chain(target, yamuxServer(), yamuxClient()) },
		"tunnel":                          func(target string) (*path, error) { return throughMux(program, target) },
		"tunnel (again)":                  func(target string) (*path, error) { return throughMux(program, target) },
		"tunnel raw":                      func(target string) (*path, error) { return throughRaw(program, target) },
	} {
		ways[name] = way{name, start}
	}
	ssh, err := newOpenSSH(c.scratch)
	if err != nil {
		log.Printf("OpenSSH is left out: %v", err)
		return ways
	}
	ways["OpenSSH"] = way{"OpenSSH", ssh.start}
	return ways
}

// wayPeers are the ways as what a task measures.
func wayPeers(ways map[string]way) (peers []peer) {
	for _, name := range wayNames {
		if _, ok := ways[name]; ok {
			peers = append(peers, peer{library: library{name: name}})
		}
	}
	return peers
}

// chain starts errands, each of which leads to the one before it, and the first
// one to the target.
func chain(target string, errands ...errand) (*path, error) {
	p := &path{addr: target}
	for _, e := range errands {
		e.To = p.addr
		side, addr, err := e.startListening()
		if err != nil {
			p.close()
			return nil, err
		}
		p.addr, p.sides = addr, append([]*process{side}, p.sides...)
	}
	return p, nil
}

// throughMux is a server of the tunnel, and a client with one forward.
func throughMux(program func() (string, error), target string) (*path, error) {
	return programs(program,
		step{"listening on ", func(string) []string { return []string{"server", "127.0.0.1:0", "-open", "-allow", "*:*"} }},
		step{"forwarding ", func(server string) []string {
			return []string{"client", "ws://" + server + "/", "-L", "0:" + target}
		}})
}

// throughRaw is a WebSocket for each connection.
func throughRaw(program func() (string, error), target string) (*path, error) {
	return programs(program,
		step{"listening on ", func(string) []string { return []string{"raw", "ws://127.0.0.1:0/", target, "-open"} }},
		step{"listening on ", func(server string) []string { return []string{"raw", "127.0.0.1:0", "ws://" + server + "/"} }})
}

// step starts a program with arguments that may have the address of the one before
// it. It says where it listens in a line that begins like that.
type step struct {
	says string
	args func(before string) []string
}

func programs(program func() (string, error), steps ...step) (*path, error) {
	name, err := program()
	if err != nil {
		return nil, err
	}
	p := &path{}
	for _, s := range steps {
		side, err := startProgram(name, s.args(p.addr)...)
		if err != nil {
			p.close()
			return nil, err
		}
		p.sides = append([]*process{side}, p.sides...)
		if p.addr, err = side.says(s.says); err != nil {
			p.close()
			return nil, errors.Join(err, side.complaint())
		}
	}
	return p, nil
}
