package register_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/register"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// saved is a small register with something in every section, and its file.
func saved(t testing.TB) (*register.Snapshot, string, []byte) {
	t.Helper()
	early := entry(coordination, "active", "1700-01-01")
	late := linkedTo(entry(coordination, "closed", "2020-01-01"), person)
	late.assigned, late.renewed, late.expected, late.known = day("2014-01-01"), day("2018-01-01"), day("2022-01-01"), day("2020-01-09")
	late.deceased, _ = calendar.PartialOf(2019, 5, 0)
	s := build(t, early, late, linkedTo(because(entry(third, "deregistered", ""), "zz"), register.UnreadableLink), entry(person, "active", ""))
	path := filepath.Join(t.TempDir(), "register.avr")
	require.NoError(t, s.Save(path))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return s, path, data
}

func TestSaveAndOpen(t *testing.T) {
	s, path, data := saved(t)
	opened, err := register.Open(path)
	require.NoError(t, err)
	assert.Equal(t, s.Checks(), opened.Checks(), "a run from a snapshot reports what the build found")
	assert.Equal(t, s.States(), opened.States())
	assert.Equal(t, s.ExtractDate(), opened.ExtractDate())
	assert.Equal(t, s.Entries(), opened.Entries())
	assert.Equal(t, s.Bytes(), opened.Bytes())
	var again bytes.Buffer
	written, err := opened.WriteTo(&again)
	require.NoError(t, err)
	assert.EqualValues(t, len(data), written)
	assert.True(t, bytes.Equal(data, again.Bytes()), "the same snapshot gives the same bytes")

	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.NoError(t, os.Chmod(path, 0o644))
	require.NoError(t, s.Save(path))
	info, err = os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "whatever the file was before")
	files, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Len(t, files, 1, "nothing else is left in the folder")
}

func TestSaveFails(t *testing.T) {
	s, _, _ := saved(t)
	folder := t.TempDir()
	assert.ErrorContains(t, s.Save(filepath.Join(folder, "missing", "register.avr")), "register.avr")
	require.NoError(t, os.Mkdir(filepath.Join(folder, "register.avr"), 0o700))
	assert.ErrorContains(t, s.Save(filepath.Join(folder, "register.avr")), "cannot save register snapshot")
	files, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Len(t, files, 1, "no temporary file is left")
}

// Every byte of a file counts: none can be changed, none can be missing at its
// end and none be added without Open saying so.
func TestDamageIsFound(t *testing.T) {
	_, path, data := saved(t)
	refused := func(damaged []byte, what string, at int) {
		t.Helper()
		require.NoError(t, os.WriteFile(path, damaged, 0o600))
		s, err := register.Open(path)
		require.Error(t, err, "%s %d", what, at)
		require.Nil(t, s)
		require.Contains(t, err.Error(), path)
		require.Contains(t, err.Error(), "section ")
	}
	for at := range data {
		damaged := bytes.Clone(data)
		damaged[at] ^= 1 << (at % 8)
		refused(damaged, "changed byte", at)
	}
	for length := range data {
		refused(data[:length], "cut to", length)
	}
	for more := 1; more < 20; more++ {
		refused(append(bytes.Clone(data), make([]byte, more)...), "zeros added", more)
	}
	refused(append(bytes.Clone(data), data...), "twice", 0)
	refused(append(bytes.Clone(data[len(data)/2:]), data[:len(data)/2]...), "halves exchanged", 0)
	random := rand.New(rand.NewPCG(9, 9))
	for i := range 500 {
		damaged := bytes.Clone(data)
		from, to := random.IntN(len(data)), random.IntN(len(data))
		length := 1 + random.IntN(len(data)-max(from, to))
		copy(damaged[to:to+length], data[from:])
		if !bytes.Equal(damaged, data) {
			refused(damaged, "copied over", i)
		}
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	_, path, data := saved(t)
	for _, c := range []struct {
		message string
		damage  func(data []byte) []byte
	}{
		{"this is no register snapshot", func([]byte) []byte { return []byte("number;status\n") }},
		{"this is no register snapshot", func([]byte) []byte { return nil }},
		{"it has version 1 and this program reads version 2", func(data []byte) []byte { data[8] = 1; return data }},
		{"section header (byte 0): its checksum is wrong", func(data []byte) []byte { data[16]++; return data }},
		{"section header (byte 0): the file ends at byte 100", func(data []byte) []byte { return data[:100] }},
		{"the file goes on for 1 bytes after its end", func(data []byte) []byte { return append(data, 0) }},
		{"section deceased_on (byte", func(data []byte) []byte { data[len(data)-1]++; return data }},
	} {
		require.NoError(t, os.WriteFile(path, c.damage(bytes.Clone(data)), 0o600))
		_, err := register.Open(path)
		assert.ErrorContains(t, err, c.message)
		assert.ErrorContains(t, err, path)
	}
	_, err := register.Open(filepath.Join(t.TempDir(), "missing.avr"))
	assert.ErrorIs(t, err, os.ErrNotExist)
	_, err = register.Open(t.TempDir())
	assert.ErrorContains(t, err, "a snapshot must be a plain file", "a folder")
}

func TestIsSnapshot(t *testing.T) {
	_, path, _ := saved(t)
	is, err := register.IsSnapshot(path)
	require.NoError(t, err)
	assert.True(t, is)
	other := filepath.Join(t.TempDir(), "register.csv")
	for _, text := range []string{"", "num", "number;status\n"} {
		require.NoError(t, os.WriteFile(other, []byte(text), 0o600))
		is, err = register.IsSnapshot(other)
		require.NoError(t, err)
		assert.False(t, is, "%q", text)
	}
	pipe := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	is, err = register.IsSnapshot(pipe)
	require.NoError(t, err)
	assert.False(t, is, "it does not wait for whoever writes into a pipe")
	_, err = register.IsSnapshot(filepath.Join(t.TempDir(), "missing.avr"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestDiff(t *testing.T) {
	leveled := entry(coordination, "active", "2020-01-01")
	leveled.level = "probable"
	old := build(t, entry(person, "active", "2020-01-01"), leveled, entry(third, "active", "2020-01-01"), entry(numberOf(1950, 1, 1, 1), "active", ""),
		entry(numberOf(1951, 1, 1, 1), "inactive", "2020-01-01"), entry(numberOf(1952, 1, 1, 1), "active", "2020-01-01"), entry(numberOf(1953, 1, 1, 1), "active", ""))
	confirmed := linkedTo(entry(coordination, "closed", "2021-01-01"), person)
	confirmed.level = "confirmed"
	dead := entry(third, "active", "2020-01-01")
	dead.deceased = calendar.PartialDay(day("2021-01-01"))
	assigned := entry(numberOf(1953, 1, 1, 1), "active", "")
	assigned.assigned, assigned.protected = day("2000-01-01"), register.True
	new := build(t, entry(person, "active", "2020-01-01"), leveled, confirmed, dead, entry(numberOf(1949, 1, 1, 1), "active", ""),
		entry(numberOf(1951, 1, 1, 1), "inactive", "2020-02-01"), entry(numberOf(1952, 1, 1, 1), "active", "2019-01-01"),
		entry(numberOf(1952, 1, 1, 1), "active", "2020-01-01"), assigned)
	for _, c := range []struct {
		kind     register.ChangeKind
		name     string
		count    int64
		backward register.ChangeKind
	}{
		{register.Added, "added", 1, register.Removed},
		{register.Removed, "removed", 1, register.Added},
		{register.StatusChanged, "status_changed", 1, register.StatusChanged},
		{register.StatusDateChanged, "status_date_changed", 1, register.StatusDateChanged},
		{register.LinkChanged, "link_changed", 1, register.LinkChanged},
		{register.LevelChanged, "level_changed", 1, register.LevelChanged},
		{register.DeathAdded, "death_added", 1, register.DeathRemoved},
		{register.DeathRemoved, "death_removed", 0, register.DeathAdded},
		{register.DeathChanged, "death_changed", 0, register.DeathChanged},
		{register.ProtectionChanged, "protection_changed", 1, register.ProtectionChanged},
		{register.AssignmentChanged, "assignment_changed", 1, register.AssignmentChanged},
		{register.HistoryChanged, "history_changed", 1, register.HistoryChanged},
	} {
		assert.Equal(t, c.name, c.kind.String())
		assert.Equal(t, c.count, register.Diff(old, new).Counts[c.kind], c.name)
		assert.Equal(t, c.count, register.Diff(new, old).Counts[c.backward], "%s, the other way", c.name)
		assert.Zero(t, register.Diff(new, new).Counts[c.kind], "%s, nothing changed", c.name)
	}
}

// Sources write codes in capitals or not, and may begin to do otherwise.
func TestDiffOfAReasonInOtherLetters(t *testing.T) {
	old := build(t, because(entry(person, "deregistered", "2020-01-01"), "UV"))
	assert.Zero(t, register.Diff(old, build(t, because(entry(person, "deregistered", "2020-01-01"), "uv"))).Counts[register.StatusChanged])
	assert.EqualValues(t, 1, register.Diff(old, build(t, because(entry(person, "deregistered", "2020-01-01"), "OB"))).Counts[register.StatusChanged])
}

// reseal computes the checksums of a damaged file again, as nobody but a
// forger would.
func reseal(data []byte) {
	const fixed, sections, table = 28, 17, 12
	castagnoli := crc32.MakeTable(crc32.Castagnoli)
	offset := fixed + sections*table + 4
	for i := range sections {
		entry := data[fixed+i*table:]
		length := binary.LittleEndian.Uint64(entry)
		if length > uint64(len(data)-offset) {
			break
		}
		binary.LittleEndian.PutUint32(entry[8:], crc32.Checksum(data[offset:][:length], castagnoli))
		offset += int(length)
	}
	header := data[:fixed+sections*table]
	binary.LittleEndian.PutUint32(data[len(header):], crc32.Checksum(header, castagnoli))
}

// A file whose checksums hold is refused too where look-ups would go astray in
// it; where it is not, they may say anything, but they end.
func TestForgedFilesDoNoHarm(t *testing.T) {
	s, path, data := saved(t)
	var numbers []identity.Number
	for _, number := range s.Numbers() {
		numbers = append(numbers, number)
	}
	again := bytes.Clone(data)
	reseal(again)
	require.True(t, bytes.Equal(data, again), "the test computes the checksums as the program does")
	opened, refused := 0, 0
	for at := range data {
		forged := bytes.Clone(data)
		forged[at] ^= 1 << (at % 8)
		reseal(forged)
		require.NoError(t, os.WriteFile(path, forged, 0o600))
		s, err := register.Open(path)
		if err != nil {
			refused++
			continue
		}
		opened++
		for _, number := range numbers {
			s.Find(number)
		}
		for place, number := range s.Numbers() {
			require.Equal(t, place, s.Find(number), "byte %d", at)
			for _, day := range []calendar.Day{calendar.First, 0, 20000, calendar.Last} {
				e := s.At(place, day)
				s.Chain(place, day)
				_ = s.States()[e.State].Status.String() + s.States()[e.State].Level.String()
				s.StatusFrom(e)
				s.KnownFrom(e)
				s.AssignedOn(e)
				s.RenewedOn(e)
				s.InactiveExpectedOn(e)
				s.DeceasedOn(e)
				s.Linked(e)
			}
			s.History(place)
		}
	}
	assert.Positive(t, refused)
	assert.Positive(t, opened)
}

// A day's block has other bits where serials from 1000 on would have theirs.
func TestAForgedLinkToASerialThatThereIsNot(t *testing.T) {
	s := build(t, linkedTo(entry(person, "closed", "2020-01-01"), third), linkedTo(entry(coordination, "closed", "2020-01-01"), third), entry(third, "active", ""))
	path := filepath.Join(t.TempDir(), "register.avr")
	require.NoError(t, s.Save(path))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	const table, entryBytes, serials, linkSlots = 28, 12, 1<<10 - 1, 10
	offset := table + 17*entryBytes + 4
	for i := range linkSlots {
		offset += int(binary.LittleEndian.Uint64(data[table+i*entryBytes:]))
	}
	links := data[offset:][:binary.LittleEndian.Uint64(data[table+linkSlots*entryBytes:])]
	require.Len(t, links, 8)
	for _, serial := range []uint32{999, 1000, 1014, 1023} {
		for at := 0; at < len(links); at += 4 {
			link := binary.LittleEndian.Uint32(links[at:])
			binary.LittleEndian.PutUint32(links[at:], link&^serials|serial)
		}
		reseal(data)
		require.NoError(t, os.WriteFile(path, data, 0o600))
		s, err := register.Open(path)
		if serial >= 1000 {
			require.ErrorContains(t, err, "a link leads nowhere", "serial %d", serial)
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, register.LinkUnknown, s.Chain(s.Find(person), calendar.Last).Break)
	}
}
