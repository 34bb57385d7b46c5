// SPDX-License-Identifier: MIT
// Copyright (c) 2026 the libtaskpool authors

// The Go design: a goroutine and a channel per worker, the key's FNV-1a hash chooses the channel. A program of its own,
// which the driver runs as: PROGRAM WORKLOAD WORKERS KEYS PRODUCERS CAPACITY JOBS. It answers with one line: "ok" and
// three metrics, or "failed" and why. What each workload does is said in the C file of that name.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

type job struct {
	run func(arg uint64)
	arg uint64
}

type pool struct {
	queues []chan job
	done   sync.WaitGroup
}

func newPool(workers, capacity int) *pool {
	p := &pool{queues: make([]chan job, workers)}
	p.done.Add(workers)
	for i := range p.queues {
		queue := make(chan job, capacity)
		p.queues[i] = queue
		go func() {
			defer p.done.Done()
			for j := range queue {
				j.run(j.arg)
			}
		}()
	}
	return p
}

func (p *pool) submit(key string, run func(uint64), arg uint64) {
	hash := uint32(2166136261)
	for i := 0; i < len(key); i++ {
		hash = (hash ^ uint32(key[i])) * 16777619
	}
	p.queues[hash%uint32(len(p.queues))] <- job{run, arg}
}

func (p *pool) close() {
	for _, queue := range p.queues {
		close(queue)
	}
	p.done.Wait()
}

type cell struct{ workers, keys, producers, capacity, jobs int }

func random(state *uint64) uint64 {
	*state ^= *state << 13
	*state ^= *state >> 7
	*state ^= *state << 17
	return *state
}

func makeKeys(count int) []string {
	keys := make([]string, count)
	for i := range keys {
		keys[i] = fmt.Sprintf("user-%07d", i)
	}
	return keys
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "version" {
		fmt.Println(runtime.Version())
		return
	}
	if len(os.Args) != 7 {
		fmt.Println("failed arguments")
		os.Exit(2)
	}
	var n [5]int
	for i := range n {
		n[i], _ = strconv.Atoi(os.Args[i+2])
	}
	c := cell{n[0], n[1], n[2], n[3], n[4]}
	switch os.Args[1] {
	case "throughput":
		throughput(c)
	case "latency":
		latency(c)
	case "loaded":
		loaded(c)
	case "headofline":
		headOfLine(c)
	default:
		fmt.Println("failed no such workload")
	}
}

// ---- throughput ----

type usage struct{ cpu, switches float64 }

func resources() usage {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return usage{float64(u.Utime.Nano() + u.Stime.Nano()), float64(u.Nvcsw)}
}

func plan(producer int, c cell) ([]uint64, []uint32) {
	state := uint64(88172645463325252) + uint64(producer)
	jobs := make([]uint64, c.jobs/c.producers)
	perKey := make([]uint32, c.keys)
	for i := range jobs {
		key := random(&state) % uint64(c.keys)
		jobs[i] = key<<33 | uint64(producer)<<32 | uint64(perKey[key])
		perKey[key]++
	}
	return jobs, perKey
}

func throughput(c cell) {
	keys, shift := makeKeys(c.keys), uint64(0)
	if c.keys <= 4096 {
		shift = 3 // a cache line for each key
	}
	state := make([][2]uint32, c.keys<<shift)
	plans, perKey := make([][]uint64, c.producers), make([][]uint32, c.producers)
	for i := range plans {
		plans[i], perKey[i] = plan(i, c)
	}
	var wrong, left atomic.Int64
	var ended time.Time
	over := make(chan bool)
	left.Store(int64(c.keys))
	countOne := func(arg uint64) {
		ran := &state[arg>>33<<shift][arg>>32&1]
		if *ran != uint32(arg) {
			wrong.Add(1)
		}
		*ran++
	}
	lastOfKey := func(key uint64) {
		for p := range perKey {
			if state[key<<shift][p] != perKey[p][key] {
				wrong.Add(1)
			}
		}
		if left.Add(-1) == 0 {
			ended = time.Now()
			over <- true
		}
	}
	p := newPool(c.workers, c.capacity)
	var producers sync.WaitGroup
	runtime.GC()
	before, started := resources(), time.Now()
	for _, jobs := range plans {
		producers.Add(1)
		go func(jobs []uint64) {
			defer producers.Done()
			for _, arg := range jobs {
				p.submit(keys[arg>>33], countOne, arg)
			}
		}(jobs)
	}
	producers.Wait()
	for key := range keys {
		p.submit(keys[key], lastOfKey, uint64(key))
	}
	<-over
	after := resources()
	p.close()
	if wrong.Load() != 0 {
		fmt.Println("failed jobs lost, doubled, out of order or side by side")
		return
	}
	all := float64(c.jobs/c.producers*c.producers + c.keys)
	fmt.Printf("ok %g %g %g\n", float64(ended.Sub(started))/all, (after.cpu-before.cpu)/all,
		(after.switches-before.switches)*1e3/all)
}

// ---- latency, loaded, head of line ----

type stamp struct{ submitted, started time.Time }

func sleepUntil(moment time.Time) { time.Sleep(time.Until(moment)) }

func answer(stamps []stamp, percents [3]float64) {
	delays := make([]float64, len(stamps))
	for i, s := range stamps {
		delays[i] = float64(s.started.Sub(s.submitted)) / 1e3
	}
	sort.Float64s(delays)
	var out [3]float64
	for i, percent := range percents {
		at := int(float64(len(delays)) * percent / 100)
		if at >= len(delays) {
			at = len(delays) - 1
		}
		out[i] = delays[at]
	}
	fmt.Printf("ok %g %g %g\n", out[0], out[1], out[2])
}

func spaced(c cell, run func(stamps []stamp) func(uint64), next func(before time.Time, chance uint64) time.Time) {
	stamps, keys := make([]stamp, c.jobs/500), makeKeys(c.keys)
	p, state := newPool(c.workers, c.capacity), uint64(88172645463325252)
	job := run(stamps)
	moment := time.Now()
	for i := range stamps {
		chance := random(&state)
		moment = next(moment, chance)
		sleepUntil(moment)
		stamps[i].submitted = time.Now()
		p.submit(keys[chance%uint64(c.keys)], job, uint64(i))
	}
	p.close()
	answer(stamps, [3]float64{50, 99, 99.9})
}

func latency(c cell) {
	spaced(c, func(stamps []stamp) func(uint64) {
		return func(i uint64) { stamps[i].started = time.Now() }
	}, func(time.Time, uint64) time.Time { return time.Now().Add(200 * time.Microsecond) })
}

func loaded(c cell) {
	const work = 100 * time.Microsecond
	cores := runtime.NumCPU()
	if c.workers < cores {
		cores = c.workers
	}
	interval := 2 * work / time.Duration(cores)
	spaced(c, func(stamps []stamp) func(uint64) {
		return func(i uint64) {
			stamps[i].started = time.Now()
			for time.Since(stamps[i].started) < work {
			}
		}
	}, func(before time.Time, chance uint64) time.Time {
		return before.Add(time.Duration((chance >> 32) % uint64(2*interval)))
	})
}

func headOfLine(c cell) {
	stamps, keys := make([]stamp, c.jobs/50), makeKeys(c.keys)
	p, state := newPool(c.workers, c.capacity), uint64(88172645463325252)
	var over atomic.Bool
	var slow sync.WaitGroup
	slow.Add(1)
	go func() {
		defer slow.Done()
		for moment := time.Now(); !over.Load(); sleepUntil(moment) {
			p.submit("slow", func(uint64) { sleepUntil(time.Now().Add(5 * time.Millisecond)) }, 0)
			moment = moment.Add(6 * time.Millisecond)
		}
	}()
	moment := time.Now()
	for i := range stamps {
		moment = moment.Add(50 * time.Microsecond)
		sleepUntil(moment)
		stamps[i].submitted = time.Now()
		p.submit(keys[random(&state)%uint64(c.keys)], func(i uint64) { stamps[i].started = time.Now() }, uint64(i))
	}
	over.Store(true)
	slow.Wait()
	p.close()
	answer(stamps, [3]float64{50, 90, 99})
}
