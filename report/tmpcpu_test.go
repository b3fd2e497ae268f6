package report
import ("os";"testing";"syscall";"context";"time";"fmt";"github.com/avstam/avstam/storage";"path/filepath")
func cpu() time.Duration { var r syscall.Rusage; syscall.Getrusage(0,&r); return time.Duration(r.Utime.Nano()+r.Stime.Nano()) }
func TestTmpCPU(t *testing.T){
 f := newFixture(t,1,400000)
 f.run.CSV=false; f.run.Workers=1
 n := len(f.records)+len(f.across)
 for range 4 {
  folder,_ := storage.Lock(filepath.Join(t.TempDir(),"o")); draft,_ := folder.Begin(); spill,_ := folder.Spill()
  w,_ := NewWriter(draft,spill,f.run)
  c := cpu(); s := time.Now()
  rep := newRepeats(spill, sorterEntries); id := newIdentifier(&f.run); tx := newTexts(&f.run)
  for i := range f.records { a,b := id.identify(&f.records[i],tx); rep.add(a,b) }
  fmt.Println("pass1 cpu", (cpu()-c)/time.Duration(n))
  rep.find()
  fmt.Println("pass1+find cpu", (cpu()-c)/time.Duration(n))
  c = cpu()
  var b []byte
  var x Finding
  for i := range f.records { b = f.records[i].AppendPacked(b[:0]) }
  fmt.Println("pack", (cpu()-c)/time.Duration(n)); c = cpu()
  for range f.records { x.Unpack(b) }
  fmt.Println("unpack", (cpu()-c)/time.Duration(n))
  c = cpu()
  w.Findings(context.Background(), each(f.records), each(f.across))
  fmt.Println("all: cpu", (cpu()-c)/time.Duration(n), "wall", time.Since(s)/time.Duration(n))
  st,_ := os.Stat(filepath.Join(draft.Path(),"findings.parquet")); fmt.Println("size", st.Size()/int64(n)); draft.Discard()
 }
}
