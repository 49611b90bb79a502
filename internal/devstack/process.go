package devstack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"go.temporal.io/sdk/client"

	"deskbridge/internal/names"
)

// Process is a program that can be killed and started again.
type Process struct {
	program string
	args    []string
	env     []string
	log     string

	mu      sync.Mutex
	command *exec.Cmd
	done    chan struct{}
}

// NewProcess describes a program whose output goes to the end of a log file.
func NewProcess(log, program string, env []string, args ...string) *Process {
	return &Process{program: program, args: args, env: env, log: log}
}

// Start starts the program.
func (p *Process) Start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	output, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = output.Close() }()
	command := exec.Command(p.program, p.args...) //nolint:gosec,noctx // ended by Stop and Kill
	command.Env = append(os.Environ(), p.env...)
	command.Stdout, command.Stderr = output, output
	// Of its own group, so that Ctrl-C reaches us alone and we end it in order.
	command.SysProcAttr = ownGroup()
	if err := command.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.program, err)
	}
	done := make(chan struct{})
	go func() {
		_ = command.Wait()
		close(done)
	}()
	p.command, p.done = command, done
	return nil
}

// Done is closed when the program that was started last ends.
func (p *Process) Done() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.done
}

// PID is the process ID.
func (p *Process) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.command.Process.Pid
}

// Kill ends the program without warning, as kill -9 does, and waits for its end.
func (p *Process) Kill() { p.end(syscall.SIGKILL) }

// Stop asks the program to end, and kills it if it does not.
func (p *Process) Stop() { p.end(syscall.SIGTERM) }

const stopWithin = 30 * time.Second

func (p *Process) end(with syscall.Signal) {
	p.mu.Lock()
	command, done := p.command, p.done
	p.mu.Unlock()
	if command == nil {
		return
	}
	if err := command.Process.Signal(with); err != nil { // ended already, or a system without this signal
		_ = command.Process.Kill()
	}
	select {
	case <-done:
	case <-time.After(stopWithin):
		_ = command.Process.Kill()
		<-done
	}
}

// Keep starts the program again whenever it ends, until the context does.
func (p *Process) Keep(ctx context.Context, again func()) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.Done():
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
		again()
		if err := p.Start(); err != nil {
			return
		}
	}
}

// Port returns the wanted port if it is free, or another that is.
func Port(wanted int) (int, error) {
	for _, port := range []int{wanted, 0} {
		listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		address, ok := listener.Addr().(*net.TCPAddr)
		_ = listener.Close()
		if ok {
			return address.Port, nil
		}
	}
	return 0, errors.New("no port is free on 127.0.0.1")
}

// Server describes a Temporal server with its state in a file; further are arguments that few need.
func Server(program, file, log string, port, uiPort, suggest int, further ...string) *Process {
	var attributes []string
	for _, name := range names.SearchAttributeNames() {
		attributes = append(attributes, name+"="+names.SearchAttributes()[name].String())
	}
	return NewProcess(log, program, nil, append([]string{
		"-db", file, "-port", strconv.Itoa(port), "-ui-port", strconv.Itoa(uiPort),
		"-search-attributes", strings.Join(attributes, ","), "-suggest-continue-as-new", strconv.Itoa(suggest),
	}, further...)...)
}

// AwaitServer waits until a Temporal server answers.
func AwaitServer(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		connected, err := client.DialContext(ctx, client.Options{HostPort: address, Logger: quiet{}})
		if err == nil {
			connected.Close()
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the Temporal server at %s does not answer: %w", address, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}
