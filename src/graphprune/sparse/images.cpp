// Products of a fixed sparse matrix of small whole numbers with dense matrices, single precision.
//
// The matrix is cut into blocks of rows × tiles of columns. A tile's rows of the dense matrix fit
// the first level of the cache, and a row's sums stay in registers while it passes a tile. Nonzeros
// are stored in the very order in which they are read, 4 bytes each.
#include <algorithm>
#include <cstdint>
#include <cstring>

#if defined(__AVX512F__)
constexpr int LANES = 16;
#elif defined(__AVX__)
constexpr int LANES = 8;
#else
constexpr int LANES = 4;
#endif
constexpr int MOST = 8;                                        // vectors that are summed at a time
constexpr int64_t TILE = 28 * 1024 / (MOST * LANES * 4);       // columns; 32 KB of cache, some for others

typedef float Vector __attribute__((vector_size(4 * LANES)));
typedef float Loose __attribute__((vector_size(4 * LANES), aligned(4)));  // at any address
typedef uint32_t Bits __attribute__((vector_size(4 * LANES)));

static inline Vector load(const float* at) { return *reinterpret_cast<const Loose*>(at); }
static inline void store(float* at, Vector value) { *reinterpret_cast<Loose*>(at) = value; }

#define UNROLL _Pragma("GCC unroll 8")

// The nonzeros of a row in a tile.
struct Run {
    uint32_t row, count;
};

// A nonzero: the column within its tile in the lower half, and in the upper one that of the value
// as a float, whose lower half is zero for whole numbers up to 256.
static inline uint32_t entry_of(uint8_t value, int64_t column)
{
    const float number = value;
    uint32_t bits;
    std::memcpy(&bits, &number, sizeof bits);
    return bits | static_cast<uint32_t>(column);
}

// Adds to the rows of `out` (`stride` floats apart) what the runs from `run` to `end` say.
template <int V>
static void add(const Run* run, const Run* end, const uint32_t* entry, const float* tile, float* out, int64_t stride)
{
    for (; run < end; run++) {
        float* to = out + run->row * stride;
        Vector sum[V];
        UNROLL for (int v = 0; v < V; v++) sum[v] = load(to + v * LANES);
        for (const uint32_t* stop = entry + run->count; entry < stop; entry++) {
            const Vector value = reinterpret_cast<Vector>((Bits{} + *entry) & 0xffff0000u);
            const float* from = tile + (*entry & 0xffff) * (V * LANES);
            UNROLL for (int v = 0; v < V; v++) sum[v] += value * load(from + v * LANES);
        }
        UNROLL for (int v = 0; v < V; v++) store(to + v * LANES, sum[v]);
    }
}

// The matrix: run_start and entry_start tell where the runs and entries of a block and tile begin,
// the tiles of a block one after the other.
struct Matrix {
    int64_t columns;
    const int64_t *block_start, *run_start, *entry_start;
    const Run* run;
    const uint32_t* entry;
};

// The columns `at` to `at + count` of the product of one block; `out` has room for V vectors there.
template <int V>
static void product(const Matrix& m, int64_t block, const float* dense, int64_t width, int64_t at, float* out, int64_t stride)
{
    alignas(64) float tile[TILE * V * LANES] = {};
    const int64_t tiles = (m.columns + TILE - 1) / TILE, count = std::min<int64_t>(V * LANES, width - at);
    for (int64_t t = 0; t < tiles; t++) {
        const int64_t first = t * TILE, last = std::min(first + TILE, m.columns), k = block * tiles + t;
        for (int64_t c = first; c < last; c++)
            std::memcpy(tile + (c - first) * V * LANES, dense + c * width + at, count * sizeof(float));
        add<V>(m.run + m.run_start[k], m.run + m.run_start[k + 1], m.entry + m.entry_start[k], tile, out + at, stride);
    }
}

extern "C" {

int graphprune_images_lanes() { return LANES; }

int graphprune_images_tile() { return TILE; }

// x: `rows` × `columns` values, the strides in bytes -> the arrays of a Matrix; the number of runs.
// There is room for a run a row and tile, and for one entry more than there are nonzeros.
int64_t graphprune_images_pack(
    const uint8_t* x, int64_t columns, int64_t row_stride, int64_t column_stride, int64_t blocks,
    const int64_t* block_start, int64_t* run_start, int64_t* entry_start, Run* run, uint32_t* entry)
{
    int64_t runs = 0, entries = 0;
    for (int64_t b = 0; b < blocks; b++)
        for (int64_t first = 0; first < columns; first += TILE) {
            *run_start++ = runs;
            *entry_start++ = entries;
            const int64_t last = std::min(first + TILE, columns);
            for (int64_t r = block_start[b]; r < block_start[b + 1]; r++) {
                const int64_t before = entries;
                for (int64_t c = first; c < last; c++) {
                    const uint8_t value = x[r * row_stride + c * column_stride];
                    entry[entries] = entry_of(value, c - first);  // stays only if it is not zero
                    entries += value != 0;
                }
                if (entries > before) run[runs++] = {static_cast<uint32_t>(r), static_cast<uint32_t>(entries - before)};
            }
        }
    *run_start = runs;
    *entry_start = entries;
    return runs;
}

// out = matrix · dense. dense: (columns, width); out: `stride` floats a row, width filled up to
// whole vectors.
void graphprune_images_product(
    int64_t blocks, int64_t columns, const int64_t* block_start, const int64_t* run_start,
    const int64_t* entry_start, const Run* run, const uint32_t* entry, const float* dense,
    int64_t width, float* out, int64_t stride, int threads)
{
    const Matrix m{columns, block_start, run_start, entry_start, run, entry};
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
    for (int64_t b = 0; b < blocks; b++) {
        // Here, since the rows of a block are still in the cache when they are added to.
        std::memset(out + block_start[b] * stride, 0, (block_start[b + 1] - block_start[b]) * stride * sizeof(float));
        for (int64_t at = 0; at < width; at += MOST * LANES)
            switch (std::min<int64_t>(MOST, (width - at + LANES - 1) / LANES)) {
#define GRAPHPRUNE_CASE(V) case V: product<V>(m, b, dense, width, at, out, stride); break;
                GRAPHPRUNE_CASE(1) GRAPHPRUNE_CASE(2) GRAPHPRUNE_CASE(3) GRAPHPRUNE_CASE(4)
                GRAPHPRUNE_CASE(5) GRAPHPRUNE_CASE(6) GRAPHPRUNE_CASE(7) GRAPHPRUNE_CASE(8)
#undef GRAPHPRUNE_CASE
            }
    }
}
}
