package main

import (
	"maps"
	"slices"
	"time"
)

// plantings break something on purpose, so that a whole run shows that the oracle reports it.
var plantings = map[string]func(*world){
	// The desks' searches show nothing for an hour: who looks before a second create looks in vain.
	"blind-search": func(w *world) {
		for _, d := range w.desks {
			d.blind = time.Hour
		}
	},
}

func plantNames() []string { return slices.Sorted(maps.Keys(plantings)) }
