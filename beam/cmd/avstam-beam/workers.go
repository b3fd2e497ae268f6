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
	"google.golang.org/grpc/peer"
)

// workerPool starts a process for each worker that an engine asks for. The SDK's
// pools start a container's boot program, or goroutines of one process, which a
// crash would end together.
type workerPool struct {
	fnpb.UnimplementedBeamFnExternalWorkerPoolServer

	ctx     context.Context // ends all workers
	running sync.WaitGroup

	mutex   sync.Mutex
	workers map[worker]context.CancelFunc // those that run
}

// worker is what a worker is known by. Engines count their workers from one, and
// two of one machine share a pool; each asks and stops over one connection.
type worker struct{ engine, id string }

func workerOf(ctx context.Context, id string) worker {
	if from, ok := peer.FromContext(ctx); ok {
		return worker{from.Addr.String(), id}
	}
	return worker{id: id}
}

// serveWorkers starts workers for whoever asks at the address, until the context ends.
func serveWorkers(ctx context.Context, address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return usageError(fmt.Errorf("--listen: %w", err))
	}
	pool := &workerPool{ctx: ctx, workers: map[worker]context.CancelFunc{}}
	server := grpc.NewServer()
	fnpb.RegisterBeamFnExternalWorkerPoolServer(server, pool)
	defer context.AfterFunc(ctx, server.Stop)()
	fmt.Fprintf(os.Stderr, "workers are started at %s\n", listener.Addr())
	err = server.Serve(listener)
	pool.running.Wait()
	return err
}

// StartWorker starts a worker process.
func (p *workerPool) StartWorker(asked context.Context, request *fnpb.StartWorkerRequest) (*fnpb.StartWorkerResponse, error) {
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
	known := workerOf(asked, id)
	if p.workers[known] != nil {
		return refused("worker %q runs already", id)
	}
	ctx, cancel := context.WithCancel(p.ctx)
	command := exec.CommandContext(ctx, program, workerFlag, "--id="+id, "--control_endpoint="+control.GetUrl(), "--logging_endpoint="+logging.GetUrl())
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	if err := command.Start(); err != nil {
		cancel()
		return refused("worker %q cannot be started: %v", id, err)
	}
	p.workers[known] = cancel
	p.running.Go(func() {
		err := command.Wait()
		if ctx.Err() == nil {
			slog.Warn("a worker ended before the engine said so", "worker", id, "process", command.Process.Pid, "error", err)
		}
		cancel()
		p.mutex.Lock()
		delete(p.workers, known)
		p.mutex.Unlock()
	})
	return &fnpb.StartWorkerResponse{}, nil
}

// StopWorker ends a worker process; one that has ended is as good as stopped.
func (p *workerPool) StopWorker(asked context.Context, request *fnpb.StopWorkerRequest) (*fnpb.StopWorkerResponse, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if cancel := p.workers[workerOf(asked, request.GetWorkerId())]; cancel != nil {
		cancel()
	}
	return &fnpb.StopWorkerResponse{}, nil
}
