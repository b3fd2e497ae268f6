package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"sync"

	fnpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/fnexecution_v1"
	"google.golang.org/grpc"
)

// workerPool starts a process for each worker that an engine asks for. The SDK's
// pools start a container's boot program, or goroutines of one process, which a
// crash would end together.
type workerPool struct {
	fnpb.UnimplementedBeamFnExternalWorkerPoolServer

	ctx     context.Context // ends all workers
	running sync.WaitGroup

	mutex   sync.Mutex
	workers map[string]context.CancelFunc // by id; those that run
}

// serveWorkers starts workers for whoever asks at the address, until the context ends.
func serveWorkers(ctx context.Context, address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return usageError(fmt.Errorf("--listen: %w", err))
	}
	pool := &workerPool{ctx: ctx, workers: map[string]context.CancelFunc{}}
	server := grpc.NewServer()
	fnpb.RegisterBeamFnExternalWorkerPoolServer(server, pool)
	defer context.AfterFunc(ctx, server.Stop)()
	fmt.Fprintf(os.Stderr, "workers are started at %s\n", listener.Addr())
	err = server.Serve(listener)
	pool.running.Wait()
	return err
}

// StartWorker starts a worker process.
func (p *workerPool) StartWorker(_ context.Context, request *fnpb.StartWorkerRequest) (*fnpb.StartWorkerResponse, error) {
	id := request.GetWorkerId()
	refused := func(format string, arguments ...any) (*fnpb.StartWorkerResponse, error) {
		return &fnpb.StartWorkerResponse{Error: fmt.Sprintf(format, arguments...)}, nil
	}
	control, logging := request.GetControlEndpoint(), request.GetLoggingEndpoint()
	if control.GetUrl() == "" || logging.GetUrl() == "" {
		return refused("worker %q has no endpoints to connect to", id)
	}
	if control.GetAuthentication() != nil || logging.GetAuthentication() != nil {
		return refused("worker %q is to authenticate itself, which the Go SDK cannot", id)
	}
	program, err := os.Executable()
	if err != nil {
		return refused("worker %q cannot be started: %v", id, err)
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.workers[id] != nil {
		return refused("worker %q runs already", id)
	}
	ctx, cancel := context.WithCancel(p.ctx)
	command := exec.CommandContext(ctx, program, workerFlag, "--id="+id, "--control_endpoint="+control.GetUrl(), "--logging_endpoint="+logging.GetUrl())
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	if err := command.Start(); err != nil {
		cancel()
		return refused("worker %q cannot be started: %v", id, err)
	}
	p.workers[id] = cancel
	p.running.Go(func() {
		err := command.Wait()
		if ctx.Err() == nil {
			slog.Warn("a worker ended before the engine said so", "worker", id, "process", command.Process.Pid, "error", err)
		}
		cancel()
		p.mutex.Lock()
		delete(p.workers, id)
		p.mutex.Unlock()
	})
	return &fnpb.StartWorkerResponse{}, nil
}

// StopWorker ends a worker process; one that has ended is as good as stopped.
func (p *workerPool) StopWorker(_ context.Context, request *fnpb.StopWorkerRequest) (*fnpb.StopWorkerResponse, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if cancel := p.workers[request.GetWorkerId()]; cancel != nil {
		cancel()
	}
	return &fnpb.StopWorkerResponse{}, nil
}
