package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// bench is one run of the program: what was asked for and what was found.
type bench struct {
	options
	openFiles int // that a process may have
	programs  programs
	machine   machine
	began     time.Time
	speed     []*measurement
	memory    []memory

	assignments []*assignment
	fsyncs      latency // of the disk where assignments were logged
}

// measurement is one scene at one number of connections, with its samples.
type measurement struct {
	scene       scene
	connections int
	samples     map[string][]sample // by the name of the target
}

// measureSpeed measures every scene that has a rate, interleaved: each round
// visits every target before the next begins.
func (b *bench) measureSpeed(ctx context.Context) (err error) {
	var todo []*measurement
	for _, s := range scenes() {
		if b.wants(s.name) {
			for _, n := range s.at(b.connections) {
				todo = append(todo, &measurement{scene: s, connections: n, samples: map[string][]sample{}})
			}
		}
	}
	if len(todo) == 0 {
		return nil
	}
	b.say("starting servers, HAProxy and nodes")
	st, err := b.openSpeedStage(ctx)
	defer func() { err = errors.Join(err, st.close()) }()
	if err != nil {
		return err
	}
	for _, m := range todo {
		b.say("%s, %d connections", m.scene.name, m.connections)
		for range b.rounds {
			for _, t := range st.targets {
				if m.scene.librariesOnly && t.homes == nil {
					continue
				}
				s, err := m.scene.run(ctx, load{target: t, connections: m.connections, duration: b.duration, programs: b.programs})
				if err != nil {
					return fmt.Errorf("%s, %d connections, %s: %w", m.scene.name, m.connections, t.name, err)
				}
				m.samples[t.name] = append(m.samples[t.name], s)
			}
		}
		b.speed = append(b.speed, m)
	}
	return nil
}

// median finds what was measured; ok is false when it was not.
func (b *bench) median(scene string, connections int, target string) (sample, bool) {
	for _, m := range b.speed {
		if m.scene.name == scene && m.connections == connections && len(m.samples[target]) > 0 {
			return medians(m.samples[target]), true
		}
	}
	return sample{}, false
}

// say tells whoever waits what is being done.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "bench: %4.0fs  %s\n", time.Since(b.began).Seconds(), fmt.Sprintf(format, args...))
}
