using System.Text.RegularExpressions;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.FileProviders;
using Microsoft.Net.Http.Headers;

namespace Egregore.Server.Pages;

/// <summary>
/// Serves the built pages and, under <c>/_egregore/</c>, .NET for the tab. A file beside which a <c>.br</c> or <c>.gz</c> form lies is sent in that form to those who take it. Names
/// that carry a hash of the content may be cached for ever, the others are asked for again each time.
/// </summary>
internal sealed partial class PageFiles : IDisposable
{
    private const string BrowserPrefix = "/_egregore/";

    private static readonly FileExtensionContentTypeProvider ContentTypes = new(new Dictionary<string, string>(new FileExtensionContentTypeProvider().Mappings, StringComparer.OrdinalIgnoreCase)
    {
        [".mjs"] = "text/javascript",
        [".js"] = "text/javascript",
        [".wasm"] = "application/wasm",
        [".dll"] = "application/octet-stream",
        [".dat"] = "application/octet-stream",
    });

    private readonly PhysicalFileProvider? _pages;
    private readonly PhysicalFileProvider? _browser;
    private readonly ServerOptions _options;

    public PageFiles(ServerOptions options)
    {
        _options = options;
        _pages = Provider(options.PagesFolder);
        _browser = Provider(options.BrowserFolder);
    }

    public async Task<bool> TryServeAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "/";
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
            return false;
        if (path is "/" or "/dashboard" or "/lend")
        {
            await ServePageAsync(context, path == "/" ? "/index.html" : path + ".html");
            return true;
        }

        var (provider, name) = path.StartsWith(BrowserPrefix, StringComparison.Ordinal) ? (_browser, path[(BrowserPrefix.Length - 1)..]) : (_pages, path);
        if (provider is null || provider.GetFileInfo(name) is not { Exists: true, IsDirectory: false } file)
            return false;
        await ServeAsync(context, provider, name, file);
        return true;
    }

    public void Dispose()
    {
        _pages?.Dispose();
        _browser?.Dispose();
    }

    private async Task ServePageAsync(HttpContext context, string name)
    {
        if (_pages?.GetFileInfo(name) is { Exists: true } file)
        {
            await ServeAsync(context, _pages, name, file);
            return;
        }

        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.WriteAsync(NotBuilt);
    }

    private static async Task ServeAsync(HttpContext context, PhysicalFileProvider provider, string name, IFileInfo file)
    {
        var headers = context.Response.Headers;
        headers.Vary = "Accept-Encoding";
        headers.CacheControl = HashedName().IsMatch(name) ? "public, max-age=31536000, immutable" : "no-cache";
        var type = ContentTypes.TryGetContentType(name, out var known) ? known : "application/octet-stream";
        if (type.StartsWith("text/", StringComparison.Ordinal) || type is "application/json")
            type += "; charset=utf-8";
        var encoding = "";
        foreach (var (suffix, token) in Encodings)
        {
            if (!Takes(context.Request, token) || provider.GetFileInfo(name + suffix) is not { Exists: true } compressed)
                continue;
            headers.ContentEncoding = token;
            encoding = token;
            file = compressed;
            break;
        }

        var tag = new EntityTagHeaderValue($"\"{file.LastModified.ToUnixTimeMilliseconds():x}-{file.Length:x}{encoding}\"");
        await TypedResults.PhysicalFile(file.PhysicalPath!, type, lastModified: file.LastModified, entityTag: tag).ExecuteAsync(context);
    }

    private static bool Takes(HttpRequest request, string encoding)
    {
        foreach (var value in request.GetTypedHeaders().AcceptEncoding)
        {
            if (value.Value.Equals(encoding, StringComparison.OrdinalIgnoreCase) && value.Quality is not 0)
                return true;
        }

        return false;
    }

    private static PhysicalFileProvider? Provider(string folder) => folder.Length > 0 && Directory.Exists(folder) ? new PhysicalFileProvider(Path.GetFullPath(folder)) : null;

    private static readonly (string Suffix, string Token)[] Encodings = [(".br", "br"), (".gz", "gzip")];

    /// <summary><c>NAME.0123456789.EXT</c> (the browser bundle) and <c>/assets/NAME-0aZ_-8chr.EXT</c> (vite).</summary>
    [GeneratedRegex(@"\.[0-9a-f]{10}\.[a-z]+$|^/assets/.+-[A-Za-z0-9_-]{8}\.[a-z0-9]+$")]
    private static partial Regex HashedName();

    private string NotBuilt =>
        $$"""
        <!doctype html><html lang="en"><meta charset="utf-8"><title>Egregore</title>
        <style>body{font:16px/1.6 system-ui,sans-serif;max-width:40rem;margin:15vh auto;padding:0 1rem;color:#dde;background:#14161c}code{background:#262a35;padding:.1em .4em;border-radius:4px}a{color:#8cf}</style>
        <h1>The world is up, its pages are not built</h1>
        <p>World <code>{{System.Net.WebUtility.HtmlEncode(_options.World)}}</code> answers at <code>/ws</code> and <code>/api</code>, but there is no page in its pages folder.</p>
        <p>From a clone, <code>./run</code> builds them and starts the server. Without the pages there are <a href="/api/world">/api/world</a>, <a href="/health">/health</a> and
        <a href="/openapi/v1.json">/openapi/v1.json</a>.</p></html>
        """;
}
