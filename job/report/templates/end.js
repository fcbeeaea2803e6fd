variance(page.explained, page.components);
if (page.gallery) map(unpack(page.gallery));
