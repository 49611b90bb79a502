package desksim

import (
	"database/sql"
	"encoding/json"
	"fmt"

	_ "modernc.org/sqlite" // the SQLite driver, in pure Go
)

// store keeps every entity as one row of JSON, so that a desk that was killed goes on where it was.
type store struct{ db *sql.DB }

type entity struct {
	kind string
	id   int
	body any
}

func openStore(path string) (*store, error) {
	if path == "" {
		return &store{}, nil
	}
	db, err := sql.Open("sqlite", path+"?_pragma=journal_mode(wal)&_pragma=synchronous(1)&_pragma=busy_timeout(5000)")
	if err != nil {
		return nil, fmt.Errorf("desksim: open %s: %w", path, err)
	}
	if _, err := db.Exec(`CREATE TABLE IF NOT EXISTS entity (kind TEXT, id INTEGER, body TEXT, PRIMARY KEY (kind, id))`); err != nil {
		return nil, fmt.Errorf("desksim: open %s: %w", path, err)
	}
	return &store{db: db}, nil
}

func (s *store) close() error {
	if s.db == nil {
		return nil
	}
	return s.db.Close()
}

// touch marks an entity as changed; flush writes it.
func (d *Desk) touch(kind string, id int, body any) {
	d.dirty = append(d.dirty, entity{kind, id, body})
}

// flush writes what changed in one transaction.
func (d *Desk) flush() error {
	dirty := d.dirty
	d.dirty = nil
	if d.store.db == nil || len(dirty) == 0 {
		return nil
	}
	tx, err := d.store.db.Begin()
	if err != nil {
		return fmt.Errorf("desksim: save: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	for _, changed := range dirty {
		body, err := json.Marshal(changed.body)
		if err != nil {
			return fmt.Errorf("desksim: save: %w", err)
		}
		if _, err := tx.Exec(`INSERT OR REPLACE INTO entity (kind, id, body) VALUES (?, ?, ?)`, changed.kind, changed.id, string(body)); err != nil {
			return fmt.Errorf("desksim: save: %w", err)
		}
	}
	return tx.Commit()
}

func (d *Desk) load() error {
	if d.store.db == nil {
		return nil
	}
	rows, err := d.store.db.Query(`SELECT kind, id, body FROM entity`)
	if err != nil {
		return fmt.Errorf("desksim: load: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var kind, body string
		var id int
		if err := rows.Scan(&kind, &id, &body); err != nil {
			return fmt.Errorf("desksim: load: %w", err)
		}
		if err := d.restore(kind, id, []byte(body)); err != nil {
			return fmt.Errorf("desksim: load %s %d: %w", kind, id, err)
		}
	}
	return rows.Err()
}

func (d *Desk) restore(kind string, id int, body []byte) error {
	d.lastID[kind] = max(d.lastID[kind], id)
	switch kind {
	case "user":
		return put(d.users, id, body)
	case "queue":
		return put(d.queues, id, body)
	case "ticket":
		return put(d.tickets, id, body)
	case "note":
		return put(d.notes, id, body)
	case "file":
		return put(d.files, id, body)
	}
	return fmt.Errorf("unknown kind")
}

func put[T any](into map[int]*T, id int, body []byte) error {
	value := new(T)
	into[id] = value
	return json.Unmarshal(body, value)
}
